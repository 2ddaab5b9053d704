"""In a notebook a run shows how far it is, and what became of it; nobody else pays for that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seedbed.store import RunReader

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
start_new_kernel = pytest.importorskip("jupyter_client.manager").start_new_kernel

SETUP = """
import asyncio, threading
import seedbed
from seedbed import GeneratorTask
from seedbed.testing import ScriptedLLM

class Greet(GeneratorTask):
    template: str = "Greet {{ who }}"

    def sample(self, index, rng):
        return {"who": ["<b>Ada</b>", "Grace"][index % 2]}

    def format_output(self, output, input):
        if input["who"] == "Grace":
            raise ValueError("no <i>Grace</i>")
        return {"greeting": output}
"""
MAKE = "await seedbed.arun(Greet(llm=ScriptedLLM(lambda request: 'Hello\\x1b[2J')), 4)"
BLOCK = "seedbed.run(Greet(llm=ScriptedLLM(lambda request: 'Hello')), 2)"
PREVIEW = "seedbed.preview(Greet(llm=ScriptedLLM(lambda request: '<script>', temperature=0.5)), 1)"
WATCH = """
from IPython.display import DisplayHandle

seen, update = [], DisplayHandle.update

def note(handle, shown, **options):
    seen.append(repr(shown))
    update(handle, shown, **options)

DisplayHandle.update = note

async def answer(request):
    while not seen:
        await asyncio.sleep(0.01)
    return "Hello"

made = await seedbed.arun(Greet(llm=ScriptedLLM(answer)), 2)
print(seen[0])
"""


def cells(folder: Path, *sources: str) -> list[Any]:
    """Run cells in a kernel, and return the outputs of each, errors among them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = nbclient.NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What the cells above show, in one kernel."""
    names = (SETUP, MAKE, BLOCK, PREVIEW, WATCH)
    return dict(zip(names, cells(tmp_path_factory.mktemp("notebook"), *names), strict=True))


def html_of(output: Any) -> str:
    return "".join(output["data"]["text/html"])


def test_a_cell_shows_the_bar_and_then_the_rows(outputs: dict[str, list[Any]]) -> None:
    bar, table = [one for one in outputs[MAKE] if one["output_type"] in ("display_data", "execute_result")]
    assert '<progress value="4" max="4">' in html_of(bar)
    assert "incomplete, 2 of 4 rows, 2 failed" in html_of(bar)
    assert "2 of 4 rows" in bar["data"]["text/plain"]
    shown = html_of(table)
    assert table["output_type"] == "execute_result"
    for part in ("greeting</th>", "&lt;b&gt;Ada&lt;/b&gt;</td>", "2 failed: ValueError: no &lt;i&gt;Grace"):
        assert part in shown
    assert "<b>Ada" not in shown
    assert "\x1b" not in shown


def test_the_bar_moves_while_the_cell_runs(outputs: dict[str, list[Any]]) -> None:
    (bar,) = [one for one in outputs[WATCH] if one["output_type"] == "display_data"]
    (printed,) = [one["text"] for one in outputs[WATCH] if one.get("name") == "stdout"]
    assert printed.startswith("0 of 2 rows")
    assert "1 of 2 rows, 1 failed" in html_of(bar)


def test_a_blocking_run_says_what_to_write(outputs: dict[str, list[Any]]) -> None:
    (error,) = outputs[BLOCK]
    assert error["ename"] == "LoopThreadError"
    assert "await seedbed.arun(...)" in error["evalue"]


def test_a_preview_is_a_table_of_prompts_and_answers(outputs: dict[str, list[Any]]) -> None:
    (result,) = [one for one in outputs[PREVIEW] if one["output_type"] == "execute_result"]
    shown = html_of(result)
    for part in ("Greet &lt;b&gt;Ada", "&lt;script&gt;", "temperature=0.5", "<h4>row 0</h4>"):
        assert part in shown
    assert "<script" not in shown
    assert "Greet <b>Ada" in result["data"]["text/plain"]


INTERRUPTED = """
from pathlib import Path

asked = []

async def answer(request):
    asked.append(request)
    number = len(asked)
    if number == 2:
        print("asked")
    # A few that are sent before the interruption has come are answered, too.
    while number > 8 or not Path("interrupted").exists():
        await asyncio.sleep(0.01)
    return "Hello"

made = await seedbed.arun(Greet(llm=ScriptedLLM(answer)), 1000, name="greetings", concurrency=2)
"""


@pytest.mark.slow
def test_a_cell_that_is_interrupted_keeps_what_it_has(tmp_path: Path) -> None:
    environment = {**os.environ, "SEEDBED_RUNS": str(tmp_path)}
    manager, client = start_new_kernel(cwd=str(tmp_path), env=environment)
    try:
        asked = client.execute(SETUP + INTERRUPTED)
        printed = ""
        # It may come in pieces.
        while "asked\n" not in printed:
            printed += client.get_iopub_msg(timeout=100)["content"].get("text", "")
        manager.interrupt_kernel()
        (tmp_path / "interrupted").touch()
        while (reply := client.get_shell_msg(timeout=100))["parent_header"]["msg_id"] != asked:
            pass
        assert reply["content"]["ename"] == "CancelledError"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    with RunReader.open(tmp_path / "greetings") as reader:
        session = reader.last_session()
        assert session is not None
        assert session.outcome == "interrupted"
        assert 0 < reader.count_calls() < 10


OUTSIDE = """
import asyncio, sys
import seedbed
from seedbed import GeneratorTask
from seedbed.testing import ScriptedLLM

class Greet(GeneratorTask):
    template: str = "Greet"

    def sample(self, index, rng):
        return {}

made = asyncio.run(seedbed.arun(Greet(llm=ScriptedLLM("Hello")), 1))
assert made._repr_html_()
print([name for name in sys.modules if name.split(".")[0] in ("IPython", "ipykernel", "ipywidgets")])
"""


@pytest.mark.slow
def test_outside_of_a_notebook_nothing_of_it_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", OUTSIDE], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""
