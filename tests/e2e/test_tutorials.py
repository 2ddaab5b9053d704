"""The tutorials, followed word for word in clean environments, in the order in which one reads them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
FENCE = re.compile(r"^```(\w+)(?: title=\"(\S+)\")?\n(.*?)^```", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


class Place(NamedTuple):
    """Where a reader works: a folder, and the variables of the shell."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An empty environment, and a folder with a clone of the project."""
    folder = tmp_path_factory.mktemp("reader")
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(scripts), os.environ["PATH"]]),
    }
    work = folder / "work"
    work.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, work / "seedbed"], check=True)
    return Place(work, environment)


def follow(page: Path, place: Place) -> None:
    """Do what the page says: write its files, run its commands and its Python."""
    for language, name, text in FENCE.findall(page.read_text()):
        if name:
            path = place.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif language == "python":
            run(["python", "-c", text], place)
        elif language == "console":
            for line in text.splitlines():
                assert line.startswith("$ "), f"{page.name}: {line}"
                run(["bash", "-c", line.removeprefix("$ ")], place)


def run(command: list[str], place: Place) -> None:
    ended = subprocess.run(
        command, cwd=place.folder, env=place.environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"


def test_the_first_dataset_is_made_as_the_tutorial_says(place: Place) -> None:
    follow(TUTORIAL / "first-dataset.md", place)

    assert len((place.folder / "qa.jsonl").read_text().splitlines()) == 10
    assert len((place.folder / "tea.csv").read_text().splitlines()) >= 5
    assert len((place.folder / "answers.jsonl").read_text().splitlines()) == 1


def test_the_first_task_is_written_and_published_as_the_tutorial_says(place: Place) -> None:
    follow(TUTORIAL / "first-task.md", place)

    assert len((place.folder / "haiku.jsonl").read_text().splitlines()) == 3
