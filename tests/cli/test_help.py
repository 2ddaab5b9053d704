from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr
from tests.cli.conftest import Result

from seedbed.cli.annotations import plain_words

Seedbed = Callable[..., Result]


def test_the_help_of_a_task_shows_its_purpose_columns_and_parameters(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Haiku", "--help")
    assert result.status == 0
    text = " ".join(result.out.split())
    purpose, options, own, shared = (
        text.index(part)
        for part in (
            "Writes a haiku. Three lines each.",
            "Options:",
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
