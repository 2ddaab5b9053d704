from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from click import Context, Group, Option
from pydantic import BaseModel, Field, SecretStr
from tests.cli.conftest import Result

from seedbed.cli import command as cli
from seedbed.cli.annotations import plain_words
from seedbed.cli.start import FIRST_RUN

Seedbed = Callable[..., Result]


def test_the_help_of_a_task_shows_its_purpose_columns_and_parameters(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Haiku", "--help")
    assert result.status == 0
    text = " ".join(result.out.split())
    purpose, options, own, shared = (
        text.index(part)
        for part in (
            "Writes a haiku. Three lines each.",
            "What to make:",
            "Parameters of t.py:Haiku",
            "of every task:",
        )
    )
    assert purpose < text.index("haiku, model_name") < options < own < shared
    assert "style Mood of the poem. [one of calm, wild; default calm]" in text[own:shared]
    assert "lines Number of lines. [whole number, 1 or more; default 3]" in text[own:shared]
    assert "generation.temperature Randomness" in text[shared:]
    assert "llm" not in text[own:]


def test_a_required_field_is_said_to_be_so_and_comes_first(seedbed: Seedbed) -> None:
    out = seedbed("run", "t.py:Needy", "--help").out
    own = out[out.index("Parameters of t.py:Needy") :]
    assert own.splitlines()[1].split() == ["instruction", "What", "to", "do.", "[text;", "required]"]


def test_an_llm_shows_its_parameters_too(seedbed: Seedbed) -> None:
    out = seedbed("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "--help").out
    assert "Answers with the last message in capitals." in out
    assert "llm.waits_for" in out
    assert "llm.timeout" in out
    assert "structured_output, seed" in " ".join(out.split())


def test_a_task_over_rows_shows_the_columns_that_it_reads(seedbed: Seedbed) -> None:
    assert "Columns read question" in " ".join(seedbed("preview", "t.py:Answer", "--help").out.split())


def test_help_without_a_task_shows_the_options(seedbed: Seedbed) -> None:
    result = seedbed("run", "-h")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("Usage: seedbed run [OPTIONS] TASK|FILE\n")
    assert "--concurrency N" in result.out


MANY = (("run",), ("preview",), ("runs", "retry"), ("run", "t.py:Haiku"))
FEW = ((), ("runs",), ("runs", "export"), ("runs", "explain"), ("plugins",), ("new", "task"))


@pytest.mark.parametrize("command", MANY)
def test_many_options_stand_in_groups_and_each_stands_once(
    seedbed: Seedbed, command: tuple[str, ...]
) -> None:
    out = seedbed(*command, "--help").out
    titles = re.findall(r"^(\S.*):$", out, re.MULTILINE)
    assert titles[:2] == ["What to make", "LLM"]
    assert {"Output", "Plugins", "What a pipeline file may do"} <= set(titles)
    assert "Options" not in titles
    options = re.findall(r"^  (?:-\w, )?(--?[\w-]+)", out, re.MULTILINE)
    assert len(options) == len(set(options)) > 15


@pytest.mark.parametrize("command", [("run",), ("runs", "retry")])
def test_what_is_of_no_group_is_shown_all_the_same(seedbed: Seedbed, command: tuple[str, ...]) -> None:
    shown = seedbed(*command, "--help").out
    found = cli.seedbed.get_command(Context(cli.seedbed), command[0])
    if isinstance(found, Group):
        found = found.commands[command[1]]
    assert found is not None
    options = [param for param in found.params if isinstance(param, Option)]
    assert [option.name for option in options if option.opts[-1] not in shown] == []


@pytest.mark.parametrize("command", MANY + FEW)
@pytest.mark.parametrize("columns", [60, 80])
def test_help_fits_the_terminal_and_no_option_takes_more_than_two_lines(
    seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = seedbed(*command, "--help").out.partition("Parameters of")[0]
    # A command to be copied is in one line, whatever the terminal.
    assert max(len(line) for line in out.splitlines() if line.strip() != FIRST_RUN) <= columns
    texts = re.split(r"^  (?=-)|^\S.*$|^$", out, flags=re.MULTILINE)
    tall = [text for text in texts if text.startswith("-") and len(text.splitlines()) > 2]
    assert columns < 80 or tall == []


def test_help_of_an_unknown_task_is_the_usual_error(seedbed: Seedbed) -> None:
    result = seedbed("run", "qa-pears", "--help")
    assert result.status == 2
    assert "no task named 'qa-pears' is installed" in result.error


class Part(BaseModel):
    pass


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str, "text"),
        (str | None, "text"),
        (bool, "true or false"),
        (int | str, "whole number or text"),
        (Annotated[float, Field(ge=0, lt=2)] | None, "number, 0 or more, less than 2"),
        (list[int], "JSON list of whole number"),
        (tuple[str, ...], "JSON list of text"),
        (dict[str, Any], "JSON object"),
        (Part, "JSON object"),
        (Literal["a", "b"], "one of a, b"),
        (SecretStr | None, "secret text"),
        (Any, "anything"),
    ],
)
def test_types_are_shown_in_plain_words(annotation: Any, words: str) -> None:
    assert plain_words(annotation) == words


def test_the_page_on_the_command_has_all_commands() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "command.md").read_text(encoding="utf-8")
    root = cli.seedbed
    runs = root.get_command(Context(root), "runs")
    assert isinstance(runs, Group)
    below = [f"runs {name}" for name in runs.commands if name != "list"]
    missing = [
        name for name in (*root.list_commands(Context(root)), *below) if f"\n    seedbed {name} " not in page
    ]
    assert missing == []
