"""The page for those who come from distilabel: its code runs, and its names are there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from tests.support.scripted_llm import prompt, scripted

import seedbed
from seedbed import Registry, Request, get_llm
from seedbed.pipeline.file import load_pipeline

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "coming-from-distilabel.md"
TEXT = PAGE.read_text(encoding="utf-8")
EMBEDDED = "llamacpp/smollm2-135m"


def file_of(name: str) -> str:
    (text,) = re.findall(rf'^```\w+ title="{name}"\n(.*?)^```', TEXT, re.MULTILINE | re.DOTALL)
    return str(text)


def after(monkeypatch: pytest.MonkeyPatch, llm: Any) -> dict[str, Any]:
    """Return the names of the new program, all of whose models are `llm`."""
    monkeypatch.setattr(seedbed, "get_llm", lambda reference, **_: llm)
    names: dict[str, Any] = {}
    exec(compile(file_of("after.py"), "after.py", "exec"), names)
    return names


def judged(request: Request) -> str:
    return "B" if "Which answer is better" in prompt(request) else f"Since {prompt(request)}"


def test_the_new_program_makes_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    names = after(monkeypatch, scripted(judged))
    made = names["pipeline"].run(input=names["rows"])
    assert [*made.rows()] == [
        {"instruction": text, "short": f"Since {text}", "long": f"Since {text}", "better": "B"}
        for text in ("Why do boats float?", "What is a tide?")
    ]


def test_the_file_makes_them_too(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"instruction": "Why?"}\n')
    (tmp_path / "after.yaml").write_text(re.sub(r"^(llm|out): .*\n", "", file_of("after.yaml"), flags=re.M))

    def answer(request: Request) -> str:
        return '{"better": "A"}' if "Which answer is better" in prompt(request) else "Because."

    pipeline = load_pipeline(tmp_path / "after.yaml", Registry())
    made = pipeline.run(input=tmp_path / "questions.jsonl", llm=scripted(answer))
    assert [*made.rows()] == [
        {"instruction": "Why?", "short": "Because.", "long": "Because.", "better": "A"}
    ], made


@pytest.mark.slow
def test_the_new_program_runs_on_a_real_model(monkeypatch: pytest.MonkeyPatch) -> None:
    names = after(monkeypatch, get_llm(EMBEDDED, max_tokens=24))
    made = names["pipeline"].run(input=names["rows"])
    assert (made.accepted, made.failed) == (2, 0), made
    assert {*next(made.rows())} == {"instruction", "short", "long", "better"}


def rows_of(section: str) -> list[tuple[str, str]]:
    """Return the two cells of each line of the table under a heading."""
    text = TEXT.partition(f"\n### {section}\n")[2].partition("\n### ")[0]
    return re.findall(r"^\| (`.*?) \| (.*?) \|$", text, re.MULTILINE)


def test_what_is_said_to_be_there_is_there() -> None:
    installed = {entry.installed.name for entry in Registry().entries()}
    named = [*rows_of("Tasks"), *rows_of("Steps"), *rows_of("Models")]
    ours = [name for _, cell in named for name in re.findall(r"`([a-z][a-z0-9-]*)`(?!\*)", cell)]
    others = {"base_url", "preset", "template", "load", "unload", "respond", "schema"}
    assert len(ours) > 25
    assert [name for name in ours if name not in installed and name not in others] == []


def test_the_old_program_is_python() -> None:
    ast.parse(file_of("before.py"))


NAMES = """
import distilabel.models, distilabel.pipeline, distilabel.steps, distilabel.steps.tasks
for name in {names!r}:
    homes = (distilabel.models, distilabel.pipeline, distilabel.steps, distilabel.steps.tasks)
    if not any(hasattr(home, name) for home in homes):
        print(name)
"""


@pytest.mark.slow
def test_the_old_program_and_their_names_are_those_of_distilabel(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    wanted = ["distilabel[openai]==1.5.3", "requests"]
    subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True, timeout=900)
    (tmp_path / "before.py").write_text(file_of("before.py"))
    checked = "import before; assert len(list(before.pipeline.dag)) == 6"
    key = {"OPENAI_API_KEY": "none", "HOME": str(tmp_path)}
    made = subprocess.run([python, "-c", checked], cwd=tmp_path, env=key, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    rows = [row for section in ("Tasks", "Steps", "Models") for row in rows_of(section)]
    code = NAMES.format(names=[name for cell, _ in rows for name in words(cell)])
    found = subprocess.run([python, "-c", code], env=key, capture_output=True, text=True)
    assert found.stdout.splitlines() == [], found.stderr


def words(cell: str) -> list[str]:
    """Return the classes that a cell names; `vLLM` is only there if its library is."""
    return [name for name in re.findall(r"`([A-Z]\w+)`", cell) if name != "vLLM"]
