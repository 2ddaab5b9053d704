"""`seedbed report`, as people type it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from seedbed.cli import invoke

from .conftest import write


@pytest.fixture(autouse=True)
def run_on_disk(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(runs / "boats", [{"text": f"A boat with {place} sails \x1b[2J", "n": place} for place in range(8)])


def test_a_summary_is_printed_and_says_how_to_make_a_page(capsys: Any) -> None:
    assert invoke(["report", "boats"]) == 0
    out = capsys.readouterr().out
    assert "Near duplicates" in out
    assert "seedbed report boats -o report.html" in out
    assert "\x1b[2J" not in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "begins"), [("r.html", "<!doctype html>"), ("r.md", "# Report on boats"), ("r.json", "{")]
)
def test_a_file_is_written_by_its_name(file: str, begins: str, capsys: Any) -> None:
    assert invoke(["report", "boats", "-o", file]) == 0
    assert Path(file).read_text().startswith(begins)
    assert capsys.readouterr().err == f"the report is in {file}\n"


def test_each_file_that_is_named_is_written(capsys: Any) -> None:
    assert invoke(["report", "boats", "-o", "r.html", "-o", "r.md"]) == 0
    assert sorted(path.name for path in Path().iterdir()) == ["r.html", "r.md"]
    assert capsys.readouterr().err == "the report is in r.html\nthe report is in r.md\n"


def test_json_is_printed_alone(capsys: Any) -> None:
    assert invoke(["report", "boats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["accepted"] == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["boat"], "did you mean 'boats'?"),
        (["boats", "-o", "report.pdf"], "a report can't be written as 'report.pdf'"),
        (["boats", "-o", "r.md", "-o", "report.pdf"], "a report can't be written as 'report.pdf'"),
        (["boats", "-o", "no/where.html"], "is in a folder that isn't there"),
        (["boats", "--leaf", "mad"], "did you mean 'made'?"),
        (["boats", "--tokenizer", "o200k_bass"], "did you mean 'o200k_base'?"),
        (["boats", "--embedder", "static/wordlama"], "wordllama"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], said: str, capsys: Any) -> None:
    assert invoke(["report", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_without_the_package_it_says_what_to_install(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "seedbed_report", None)
    assert invoke(["report", "boats"]) == 2
    assert "pip install seedbed-report" in capsys.readouterr().err
