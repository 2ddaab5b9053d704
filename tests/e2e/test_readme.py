"""The README's commands on a fresh clone, its picture, and its code."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import venv
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def likeness(text: str) -> set[str]:
    """Return the lines without their figures, which differ from one machine to another."""
    return {re.sub(r"(\d+ min )?\d[\d,.]*|rows/(s|min)", "*", line.strip()) for line in text.splitlines()}


def words(picture: str) -> set[str]:
    shown = " ".join(re.findall(r"<text[^>]*>(.*?)</text>", picture))
    return {word for word in unescape(shown).split() if re.match("[a-z$]", word)}


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Returns a function that runs commands in a fresh clone, with a bare Python and pip."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, folder / "clone"], check=True)
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("UV", "VIRTUAL"))
    }
    environment["PATH"] = os.pathsep.join([str(scripts), os.environ["PATH"]])
    return lambda commands: subprocess.run(
        ["bash", "-c", commands],
        cwd=folder / "clone",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_its_commands_print_what_it_shows_on_a_fresh_clone(bash: Any) -> None:
    first = next(line.strip() for line in README.splitlines() if "uv run seedbed run qa-pairs" in line)
    (printed,), (shown,), (session,) = map(blocks, ("text", "json", "console"))

    ended = bash(first)

    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in bash("cat qa.jsonl").stdout.splitlines()]
    assert len(rows) == 8
    assert all(row["question"] and row["answer"] for row in rows)
    assert {tuple(row) for row in rows} == {tuple(json.loads(line)) for line in shown.splitlines()}
    assert likeness(printed) <= likeness(ended.stderr)

    commands = [line.removeprefix("$ ") for line in session.splitlines() if line.startswith("$ ")]
    answer = [line for line in session.splitlines() if not line.startswith("$ ")]
    # Each row takes the model some seconds.
    resumed = bash("\n".join(commands).replace("-n 40", "-n 14"))

    assert resumed.returncode == 0, resumed.stderr
    assert likeness("\n".join(answer)) <= likeness(resumed.stderr)


@pytest.mark.slow
def test_the_picture_shows_what_a_terminal_does() -> None:
    picture = runpy.run_path(str(ROOT / "docs" / "picture.py"))

    half_as_many = (
        picture["COMMAND"].replace("-n 12", "-n 6"),
        picture["HALFWAY"].replace("6 of 12", "3 of 6"),
    )
    drawn, kept = words(picture["drawn"](*half_as_many)), words(picture["PICTURE"].read_text())

    assert "text-generation" in kept
    # A slower or faster machine counts in other units, or has no estimate yet.
    assert kept - drawn <= {"about", "min", "s", "rows/min", "rows/s"}, "run: uv run python docs/picture.py"


@pytest.mark.slow
def test_its_code_runs_as_it_stands(tmp_path: Path) -> None:
    task, usage, backend = blocks("python")
    (tmp_path / "haiku.py").write_text(task)
    (tmp_path / "parrot.py").write_text(backend)
    with_parrot = usage.replace("llamacpp/smollm2-135m", "parrot.py:ParrotLLM/any")

    ended = subprocess.run(
        [sys.executable, "-c", f"{task}\n{with_parrot}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert len(re.findall(r"Write a haiku about \w+\.", ended.stdout)) == 4
