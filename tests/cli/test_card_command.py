"""The command in a dataset's card makes the same dataset again, elsewhere, as it stands there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """
vars: {end: "!"}
steps:
  - use: map
    with: {make: {twice: "text ~ text ~ '${end}'"}}
"""
TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
ROWS = ["--input", "my rows.jsonl"]
CASES = {
    "a file": [*ROWS, "-o", "made.jsonl", "-n", "7"],
    "splits and shards": [
        *ROWS,
        "-o",
        "made/",
        "--split",
        "train=0.8,test=0.2",
        "--shard-rows",
        "20",
        "--seed",
        "3",
    ],
    "a form": [
        *ROWS,
        "-o",
        "made.jsonl",
        "--form",
        "chat",
        "--column",
        "prompt=text",
        "--column",
        "completion=twice",
    ],
    "a template": [
        *(*ROWS, "-o", "made.jsonl", "--form", "text", "--chat-template", "chat.jinja"),
        *("--column", "prompt=text", "--column", "completion=twice"),
    ],
    "settings": [*ROWS, "-o", "made.csv", "--set", 'end= so "so" $HOME', "--drop", "extra"],
    "cells and encoding": ["--input", "latin.csv", "--encoding", "latin-1", "-o", "made.csv", "--csv-safe"],
}


def lines(count: int) -> str:
    return "".join(json.dumps({"text": f"text {number}", "extra": number}) + "\n" for number in range(count))


def place(folder: Path) -> Path:
    """Return a folder with what the commands read, and nothing that they make."""
    folder.mkdir()
    (folder / "my rows.jsonl").write_text(lines(100))
    (folder / "latin.csv").write_text("text\n=caf\xe9\n", encoding="latin-1")
    (folder / "chat.jinja").write_text(TEMPLATE)
    (folder / "made.yaml").write_text(PIPELINE)
    return folder


def shell(command: str, folder: Path) -> str:
    """Run a command as a shell does, with `seedbed` of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SEEDBED_RUNS": str(folder / "runs")}
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def command_in(card: str) -> str:
    found = re.search(
        r"^## Make it again\n\n(?P<fence>`+)console\n(?P<command>.*?)\n(?P=fence)$", card, re.M | re.S
    )
    assert found is not None, card
    return found["command"]


def rows_in(folder: Path) -> dict[str, bytes]:
    """Return the files of the dataset in a folder; a card tells times and costs of its own run."""
    made = [path for path in folder.rglob("made*") if "runs" not in path.parts and path.suffix != ".yaml"]
    files = [one for path in made for one in ([path] if path.is_file() else sorted(path.iterdir()))]
    return {file.name: file.read_bytes() for file in files if file.name != "README.md"}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_command_of_a_card_makes_the_dataset_again(tmp_path: Path, case: str) -> None:
    first, second = place(tmp_path / "first"), place(tmp_path / "second")
    words = ["seedbed", "run", "made.yaml", *CASES[case]]
    shell(shlex.join(words), first)
    command = command_in(shell("seedbed runs card made", first))
    shell(command, second)
    assert rows_in(first)
    assert rows_in(first) == rows_in(second)


@pytest.mark.slow
def test_the_card_of_an_export_has_the_command_of_the_export(tmp_path: Path) -> None:
    first, second = place(tmp_path / "first"), place(tmp_path / "second")
    shell("seedbed run made.yaml --input 'my rows.jsonl' -o rows.csv --csv-safe", first)
    shell(
        "seedbed runs export rows -o made/ --split train=0.6,test=0.4 --form text --column text=twice", first
    )
    shell(command_in((first / "made" / "README.md").read_text()), second)
    assert len(rows_in(first)) == 2
    assert rows_in(first) == rows_in(second)


@pytest.mark.slow
def test_the_card_of_an_export_says_which_rows_were_chosen(tmp_path: Path) -> None:
    folder = place(tmp_path / "first")
    shell("seedbed run made.yaml --input 'my rows.jsonl' -o rows.csv", folder)
    shell("seedbed runs export rows -o made/ --card --where 'extra < 7'", folder)
    card = (folder / "made" / "README.md").read_text()
    assert "93 accepted rows were left out, for which this doesn't hold:\n\n```\nextra < 7\n```" in card
    assert "`--where`" in card
