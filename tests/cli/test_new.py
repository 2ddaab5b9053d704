"""`seedbed new` writes a package, overwrites nothing, and says what to do next."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]


def test_the_last_lines_are_the_commands_to_test_run_and_publish(seedbed: Seedbed, folder: Path) -> None:
    made = seedbed("new", "task", "bedtime-stories")

    assert (made.status, made.err) == (0, "")
    listed = made.out.splitlines()
    for path in listed[1 : listed.index("")]:
        assert (folder / "seedbed-bedtime-stories" / path.strip()).is_file()
    test, run, publish = (line.split("#")[0].strip() for line in listed[-3:])
    assert test == "cd seedbed-bedtime-stories && pip install -e '.[test]' && pytest"
    assert run == "seedbed run bedtime-stories --llm BACKEND/MODEL -n 3"
    assert publish == "git tag v0.1.0 && git push origin main v0.1.0"


def test_the_folder_and_the_author_can_be_chosen(seedbed: Seedbed, folder: Path) -> None:
    (folder / "my work").mkdir()
    (folder / "my work" / "notes.txt").write_text("mine")

    made = seedbed("new", "llm", "parrot", "--directory", "my work", "--author", "Ada Example")

    assert made.status == 0
    assert "cd 'my work' && pip install" in made.out
    assert "Ada Example" in (folder / "my work" / "LICENSE").read_text()
    assert (folder / "my work" / "notes.txt").read_text() == "mine"


def test_an_author_of_any_characters_is_named_in_the_metadata(seedbed: Seedbed, folder: Path) -> None:
    author = r'Ada "A" \ Exämple'

    made = seedbed("new", "task", "bedtime-stories", "--author", author)

    assert made.status == 0
    metadata = (folder / "seedbed-bedtime-stories" / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(metadata)["project"]["authors"] == [{"name": author}]


_ON_TWO_LINES = ("Ada\nExample", "Ada\x7f", "Ada\u2028Example")


@pytest.mark.parametrize(
    ("author", "said"),
    [
        *((author, "has a line break or another control character") for author in _ON_TWO_LINES),
        ("Ada\udc80", "is not valid UTF-8"),
    ],
)
def test_an_author_on_two_lines_is_refused(seedbed: Seedbed, folder: Path, author: str, said: str) -> None:
    refused = seedbed("new", "task", "bedtime-stories", "--author", author)

    assert refused.status == 2
    assert said in refused.error
    assert not (folder / "seedbed-bedtime-stories").exists()


@pytest.mark.parametrize(
    ("words", "trial"),
    [
        ("llm parrot", "seedbed run TASK --llm parrot/MODEL -n 3"),
        ("llm parrot --http", "seedbed run TASK --llm parrot/MODEL -n 3 --set llm.base_url=ADDRESS"),
        ("embedder parrot", "seedbed run embed --input FILE --set embedder=parrot/MODEL"),
        ("step parrot", "seedbed run parrot --input FILE"),
        ("observer parrot", "seedbed run TASK --llm BACKEND/MODEL -n 3 --plugin parrot"),
        ("engine parrot", "seedbed run TASK --llm BACKEND/MODEL -n 3 --engine parrot"),
        ("format parrot", "seedbed run TASK --llm BACKEND/MODEL -n 3 -o rows.parrot"),
    ],
)
def test_each_kind_is_tried_in_its_own_way(seedbed: Seedbed, folder: Path, words: str, trial: str) -> None:
    made = seedbed("new", *words.split())

    assert (made.status, made.err) == (0, "")
    assert (folder / "seedbed-parrot" / "tests" / "fake_server.py").exists() == ("--http" in words)
    assert made.out.splitlines()[-2].split("#")[0].strip() == trial


def test_nothing_is_overwritten(seedbed: Seedbed, folder: Path) -> None:
    (folder / "seedbed-parrot").mkdir()
    (folder / "seedbed-parrot" / "README.md").write_text("mine")

    refused = seedbed("new", "llm", "parrot")

    assert refused.status == 2
    assert "the folder 'seedbed-parrot' already has README.md" in refused.error
    assert [path.name for path in (folder / "seedbed-parrot").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new",), "seedbed new task NAME, or seedbed new llm NAME"),
        (("new",), "or seedbed new step NAME, or seedbed new observer NAME"),
        (("new", "tasks", "x"), "did you mean 'task'?"),
        (("new", "task"), "missing argument 'NAME'"),
        (("new", "task", "qa-pairs"), "the name 'qa-pairs' is taken by the task of seedbed-tasks"),
        (("new", "format", "jsonl"), "the ending '.jsonl' is built in"),
        (("new", "task", "Haiku"), "for example haiku"),
        (("new", "task", "haiku", "--directory", "t.py"), "the folder 't.py' cannot be written to"),
    ],
)
def test_what_cannot_be_made_is_said(seedbed: Seedbed, words: tuple[str, ...], said: str) -> None:
    refused = seedbed(*words)

    assert refused.status == 2
    assert said in refused.error
