"""File names on Linux are bytes, and symbolic links may lead to themselves: neither is a bug of ours."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Seedbed = Callable[..., Any]

RUN = ("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2")
NAME = os.fsdecode(b"l\xe4ufe")  # as a disk from another system has it: Latin-1

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")


@pytest.fixture
def odd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, whose name isn't UTF-8."""
    place = folder / NAME
    place.mkdir()
    (folder / "t.py").rename(place / "t.py")
    monkeypatch.chdir(place)
    monkeypatch.setenv("SEEDBED_RUNS", NAME)
    return place


def test_a_run_in_a_folder_whose_name_is_no_text_resumes_and_is_read(odd: Path, seedbed: Seedbed) -> None:
    made = seedbed(*RUN, "-o", "a.jsonl")
    assert made.status == 0, made.err
    rows = (odd / "a.jsonl").read_bytes()
    assert rows.count(b"\n") == 2

    assert seedbed(*RUN, "-o", "a.jsonl").status == 0
    assert (odd / "a.jsonl").read_bytes() == rows
    assert (odd / NAME / "a" / "run.db").is_file()
    for command in ("show", "explain", "card", "retry"):
        assert seedbed("runs", command, "a").status == 0, command
    assert [one["name"] for one in json.loads(seedbed("runs", "--json").out)] == ["a"]
    assert seedbed("runs", "export", "a").out.encode() == rows
    assert seedbed("runs", "remove", "a", "--yes").status == 0


def test_temporary_runs_are_made_where_the_name_is_no_text(
    odd: Path, monkeypatch: pytest.MonkeyPatch, seedbed: Seedbed
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    assert seedbed("preview", *RUN[1:]).status == 0


def test_a_file_among_many_whose_name_no_row_can_hold_is_named(folder: Path, seedbed: Seedbed) -> None:
    (folder / "docs").mkdir()
    for name in ("a.md", f"{NAME}.md"):
        (folder / "docs" / name).write_text("tea")
    made = seedbed("run", "t.py:Answer", "--llm", "t.py:Echo/m", "--input", "docs/*.md", "-o", "a.jsonl")
    assert made.status == 2
    assert r"'docs/l\udce4ufe.md' is not valid UTF-8" in made.error
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    "args",
    [
        ("-o", "loop.jsonl"),
        ("-o", "loop/"),
        ("--input", "loop.jsonl"),
        ("--allow-code", "loop.py"),
        ("--allow-path", "loop"),
        ("--locked", "loop.jsonl"),
        ("--chat-template", "loop.jsonl", "--form", "text"),
    ],
)
def test_a_link_that_leads_to_itself_is_refused(
    args: tuple[str, ...], folder: Path, seedbed: Seedbed
) -> None:
    for name in ("loop", "loop.jsonl", "loop.py"):
        (folder / name).symlink_to(name)
    made = seedbed(*RUN, *args)
    assert made.status == 2, made.err
    assert "this is a bug" not in made.error


def test_links_that_lead_to_themselves_in_a_pipeline_file_are_refused(folder: Path, seedbed: Seedbed) -> None:
    for name in ("loop.jsonl", "loop.py", "loop.yaml"):
        (folder / name).symlink_to(name)
    for line in ("input: loop.jsonl", "output: loop.jsonl"):
        (folder / "p.yaml").write_text(f"{line}\nsteps: [{{use: qa-pairs}}]\n")
        made = seedbed("run", "p.yaml", "--llm", "t.py:Echo/m", "-n", "1")
        assert made.status == 2, made.err
    for args in (("run", "loop.yaml"), ("run", "loop.py:X"), ("check", "loop.yaml")):
        assert seedbed(*args).status == 2, args


@pytest.mark.parametrize("args", [RUN, ("runs", "show", "a")])
def test_a_folder_of_runs_that_is_a_link_to_itself_is_refused(
    args: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch, seedbed: Seedbed
) -> None:
    (folder / "loop").symlink_to("loop")
    monkeypatch.setenv("SEEDBED_RUNS", "loop")
    made = seedbed(*args)
    assert made.status == 2, made.err
    assert "'loop" in made.error
