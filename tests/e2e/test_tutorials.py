"""The tutorials, followed word for word in clean environments, in the order in which one reads them."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.clean_environment import CleanEnvironment, have_uv_install

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
FENCE = re.compile(
    r"^(?:<!-- fails: (?P<reason>[^\n]+) -->\n\n)?"
    r"```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
SECOND_SHELL = "second shell"
FEWER = {"-n 8": "-n 2", "-n 10": "-n 3"}
"""How many rows are made instead of those on the pages: the model takes some seconds for each."""

pytestmark = pytest.mark.slow


class Place(NamedTuple):
    """Where a reader works: a folder, and the variables of the shell."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An empty environment, and a folder with a clone of the project."""
    folder = tmp_path_factory.mktemp("reader")
    environment = CleanEnvironment(folder / "env")
    # The README's test installs by pip itself.
    have_uv_install(folder / "env")
    work = folder / "work"
    work.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, work / "seedbed"], check=True)
    return Place(work, environment.variables)


def follow(page: Path, place: Place) -> None:
    """Do what the page says: write its files, run its commands and its Python."""
    with ExitStack() as second_shell:
        for fence in FENCE.finditer(page.read_text()):
            if fence["title"] == SECOND_SHELL:
                second_shell.enter_context(running(*commands(fence["text"]), place))
            elif fence["title"]:
                path = place.folder / fence["title"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(fence["text"])
            elif fence["language"] == "python":
                run(["python", "-c", fence["text"]], place)
            elif fence["language"] == "console":
                for line in commands(fence["text"]):
                    run(["bash", "-c", line], place, fence["reason"])


def commands(text: str) -> Iterator[str]:
    """Yield the commands of a block, each of which begins behind a prompt."""
    for line in text.replace("\\\n", "").splitlines():
        assert line.startswith("$ "), line
        command = line.removeprefix("$ ")
        for shown, few in FEWER.items():
            command = command.replace(shown, few)
        yield command


@contextmanager
def running(command: str, place: Place) -> Iterator[None]:
    """Have a command run, which says by a first line that it has begun."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), f"{command} has ended"
            yield
        finally:
            process.terminate()


def run(command: list[str], place: Place, reason: str | None = None) -> None:
    """Run a command, which succeeds, or fails for the reason that the page tells."""
    ended = subprocess.run(
        command, cwd=place.folder, env=place.environment, capture_output=True, text=True, check=False
    )
    said = f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert (ended.returncode == 0) is (reason is None), said
    assert (reason or "") in ended.stderr, said


def test_a_reader_gets_what_the_tutorials_say(place: Place) -> None:
    # One test: each goes on in the environment of the one before, and tests may run in several processes.
    make_the_first_dataset(place)
    write_and_publish_the_first_task(place)
    write_and_publish_the_first_backend(place)


def make_the_first_dataset(place: Place) -> None:
    follow(TUTORIAL / "first-dataset.md", place)

    assert len((place.folder / "qa.jsonl").read_text().splitlines()) == 3
    assert len((place.folder / "tea.csv").read_text().splitlines()) >= 5
    assert len((place.folder / "answers.jsonl").read_text().splitlines()) == 1


def write_and_publish_the_first_task(place: Place) -> None:
    follow(TUTORIAL / "first-task.md", place)

    assert len((place.folder / "haiku.jsonl").read_text().splitlines()) == 3


def write_and_publish_the_first_backend(place: Place) -> None:
    follow(TUTORIAL / "first-backend.md", place)

    rows = [json.loads(line) for line in (place.folder / "shuffled.jsonl").read_text().splitlines()]
    assert len(rows) == 5
    for row in rows:
        assert sorted(row["generation"].split()) == sorted(row["instruction"].split())
        assert row["model_name"] == "shuffle-2"
    short = csv.DictReader((place.folder / "short.csv").read_text().splitlines())
    assert {len(row["generation"].split()) for row in short} == {3}
