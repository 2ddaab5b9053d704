"""The page on development without packaging, followed word for word in an empty folder."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

from seedbed.cli import invoke

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "develop-without-packaging.md"
FENCE = re.compile(r"^```(\w+)(?: title=\"(\S+)\")?\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCES = FENCE.findall(PAGE.read_text())
COMMANDS = [
    shlex.split(line.removeprefix("$ "))
    for language, _, text in FENCES
    if language == "console"
    for line in text.splitlines()
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files of the page."""
    monkeypatch.chdir(tmp_path)
    for _, name, text in FENCES:
        if name:
            (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("words", [words[1:] for words in COMMANDS if words[0] == "seedbed"], ids=" ".join)
def test_each_command_does_what_it_is_there_for(words: list[str], folder: Path) -> None:
    assert invoke(words) == 0


def test_a_backend_in_a_file_answers_a_task_in_a_file(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (words,) = (words[1:] for words in COMMANDS if "parrot.py:ParrotLLM/grey" in words)

    assert invoke(words) == 0

    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row["generation"] for row in rows] == [
        f"Write a riddle about a {row['animal']}, in one line." for row in rows
    ]


def test_the_cell_of_the_notebook_makes_rows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cell,) = (text for language, name, text in FENCES if language == "python" and not name)

    # As IPython runs a cell that awaits something.
    code = compile(cell, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    asyncio.run(FunctionType(code, {"__name__": "__main__"})())

    assert capsys.readouterr().out.count("Write a riddle about a ") == 3


@pytest.mark.slow
def test_the_contracts_pass_beside_the_files(folder: Path) -> None:
    (words,) = (words[1:] for words in COMMANDS if words[0] == "pytest")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=folder, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
