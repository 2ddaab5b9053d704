"""`import seedbed` is quick: it loads no provider, HTTP client, YAML, terminal or Arrow library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.support.fault_server import Reply

HEAVY = {
    "aiohttp",
    "anthropic",
    "click",
    "httpx",
    "httpx2",
    "jinja2",
    "openai",
    "orjson",
    "pluggy",
    "pyarrow",
    "pydantic",
    "rich",
    "xllamacpp",
    "yaml",
}


def loaded(statement):
    """Return the top-level packages that a statement loads in a new interpreter."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps([n.split('.')[0] for n in sys.modules]))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(shown.stdout))


def test_import_seedbed_loads_nothing_heavy():
    assert loaded("import seedbed") & HEAVY == set()


def test_listing_its_names_loads_nothing_heavy():
    assert loaded("import seedbed; dir(seedbed); seedbed.__all__") & HEAVY == set()


def test_errors_and_hooks_load_nothing_heavy():
    assert loaded("from seedbed import SeedbedError") & HEAVY == set()
    assert loaded("from seedbed import hookimpl") & HEAVY == {"pluggy"}


@pytest.mark.parametrize("name", ["LLM", "Task", "GeneratorTask", "http_error"])
def test_what_plugin_modules_begin_with_loads_no_http_client(name):
    heavy = loaded(f"from seedbed import {name}") & HEAVY
    assert heavy <= {"pydantic", "orjson", "jinja2", "pluggy"}


ONE_ROW = """
import sys
from pathlib import Path
from seedbed.cli import invoke
assert invoke(["run", "t.py:One", "--llm", "openai/m", "-n", "1", "-o", "one.jsonl"]) == 0
assert Path("one.jsonl").read_text().strip()
"""
TASK = """
from seedbed import GeneratorTask

class One(GeneratorTask):
    template: str = "Write number {{ i }}."

    def sample(self, index, rng):
        return {"i": index}
"""
UNUSED = {
    "aiohttp",
    "anthropic",
    "genai_prices",
    "httpx",
    "httpx2",
    "openai",
    "pyarrow",
    "rich",
    "tomllib",
    "xllamacpp",
    "yaml",
}
UNUSED_OF_OURS = {
    "seedbed.engine.observing.delivery",
    "seedbed.pipeline.entries",
    "seedbed.pipeline.file",
    "seedbed.scaffold",
    "seedbed.testing",
    "packaging.markers",
}


def test_a_run_of_one_row_loads_nothing_that_it_does_not_use(tmp_path, fault_server, monkeypatch):
    answer = {"choices": [{"message": {"content": "One."}, "finish_reason": "stop"}]}
    fault_server.answer_with(Reply(body=answer))
    (tmp_path / "t.py").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{fault_server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    program = f"{ONE_ROW}\nprint(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = set(shown.stdout.split())
    assert {name.partition(".")[0] for name in modules} & UNUSED == set()
    assert modules & UNUSED_OF_OURS == set()
    # The call is the first thing that the server hears of.
    assert [received.path for received in fault_server.received] == ["/v1/chat/completions"]


def test_listing_plugins_loads_nothing_that_makes_or_keeps_rows():
    program = (
        "import sys\nfrom seedbed.cli import invoke\ninvoke(['plugins', '--json'])\n"
        "print(*(name for name, module in sys.modules.items() if not hasattr(module, '__path__')))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = [name for name in shown.stdout.splitlines()[-1].split() if name.startswith("seedbed.")]
    parts = ("store", "engine", "pipeline", "tasks", "llm")
    loaded = {name for name in names if name.split(".")[1] in parts}
    assert {name for name in loaded if not name.endswith(("_kind", "_kinds"))} == {"seedbed.llm.visible_text"}


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_writing_columns_does_not_load_pandas(tmp_path, ending):
    program = f"""
from pathlib import Path
from seedbed.store import export_rows
rows = [b'{{"text":"a","score":0.5,"turns":[{{"role":"user"}}]}}', b'{{"text":null,"score":2,"turns":[]}}']
assert export_rows(rows, Path({str(tmp_path / "out")!r} + ".{ending}")) == 2
"""
    assert "pandas" not in loaded(program)
