"""What Python is given in a wrong type is refused before anything is spent."""

from __future__ import annotations

from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import Any

import numpy
import pytest
from tests.support.scripted_llm import scripted

from seedbed import LLM, GeneratorTask, Pass, Response, SeedbedError, UsageError, preview, run


class Word(GeneratorTask):
    template: str = "x"


class Parrot(LLM):
    async def respond(self, request: Any) -> Response:
        return Response.of_text("x")


WRONG: dict[str, Any] = {
    "n": [2.5, "3", [3]],
    "seed": ["x", 0.5],
    "concurrency": ["4", 1.5],
    "max_attempts": [2.5, "9"],
    "give_up_after": ["5"],
    "max_tokens": [1e6, "1000"],
    "max_cost": ["1"],
    "max_seconds": ["90s"],
    "max_bytes_in_flight": ["64MB"],
    "requests_per_minute": ["9"],
    "price_input": ["1"],
    "name": [5, b"run"],
    "leaf": [Word],
    "out": [5],
    "shard": [5, ("1/2",)],
    "id": [5, {"a"}, ["a", None]],
    "columns": [5, [1], b"x"],
    "drop": [5, [None]],
    "engine": [5, ["local"]],
    "observers": [5, Path("log")],
}

ODD = (True, -1, 10**30, float("nan"), "x", "", b"x", [1], [None], {"x"}, Path("x"), object())


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_value_of_a_wrong_type_is_refused_before_a_call(name: str, value: Any) -> None:
    llm = scripted()
    with pytest.raises(UsageError, match=f"'{name}' is ") as caught:
        run(Word(), **{"n": 2, "llm": llm, name: value})
    said = str(caught.value)
    assert repr(value)[:40] in said or f"of type {type(value).__name__}" in said
    assert not llm.requests


@pytest.mark.parametrize("name", [name for name in signature(run).parameters if name != "task"])
def test_no_value_of_a_parameter_ends_in_an_error_of_pythons(name: str) -> None:
    for value in ODD:
        with suppress(SeedbedError):
            run(Word(), **{"n": 1, "llm": scripted(), name: value})


def test_a_column_may_be_named_by_itself() -> None:
    rows = [{"tea": "green", "cup": "large"}]

    assert list(run(Pass(), input=rows, columns="tea").rows()) == [{"tea": "green"}]
    assert list(run(Pass(), input=rows, drop="tea").rows()) == [{"cup": "large"}]
    assert list(run(Pass(), input=rows, columns=(name for name in ["cup"])).rows()) == [{"cup": "large"}]


@pytest.mark.parametrize("llm", [5, Word(), Parrot])
def test_what_is_no_llm_is_refused(llm: Any) -> None:
    with pytest.raises(UsageError, match=r"'llm' is|is a class, not an LLM"):
        run(Word(), 2, llm=llm)
    with pytest.raises(UsageError, match=r"'llm' is|is a class, not an LLM"):
        preview(Word(), llm=llm)


def test_numbers_of_numpy_are_numbers() -> None:
    made = run(Word(), numpy.int64(2), llm=scripted(), max_seconds=numpy.float64(60))
    assert made.accepted == 2
