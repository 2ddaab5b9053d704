"""Rows of a generator step that are known by what they hold, wherever they stand."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from seedbed import GeneratorOutput, GeneratorStep, Run, run
from seedbed.tasks.steps import Step
from seedbed.testing import ScriptedLLM
from seedbed_tasks import TextGeneration

BEGUN: list[int] = []


class Lines(GeneratorStep):
    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True
    texts: list[str]

    def process(self, offset: int = 0) -> GeneratorOutput:
        BEGUN.append(offset)
        for text in self.texts[offset:]:
            yield {"instruction": text}


class Numbered(Lines):
    ids_from_content: ClassVar[bool] = False


def answered(texts: list[str], source: type[Lines] = Lines, **options: Any) -> tuple[Run, int]:
    """Run over the texts; return the run, and how many calls were paid for."""
    made = run(TextGeneration(), input=source(texts=texts), llm=ScriptedLLM(_answer), name="r", **options)
    return made, made.calls.answered


def _answer(request: Any) -> str:
    return f"on {request.messages[-1]['content']}"


def rows_of(made: Run) -> list[tuple[str, str]]:
    return [(row["instruction"], row["generation"]) for row in made.rows()]


@pytest.mark.parametrize(
    "texts", [["a", "b", "c", "d"], ["c", "a", "b", "d"], ["a", "b", "d"], ["d", "x", "a"]]
)
def test_only_new_rows_cost_something_wherever_they_stand(texts: list[str]) -> None:
    assert answered(["a", "c", "d"])[1] == 3
    made, calls = answered(texts)
    assert calls == len({*texts} - {"a", "c", "d"})
    assert rows_of(made) == [(text, f"on {text}") for text in texts]


def test_with_numbers_for_ids_a_row_in_between_makes_all_later_ones_again() -> None:
    assert answered(["a", "c", "d"], Numbered)[1] == 3
    assert answered(["a", "b", "c", "d"], Numbered)[1] == 3


def test_equal_rows_are_two_rows() -> None:
    made, calls = answered(["a", "a", "b", "a"])
    assert calls == 4
    assert [text for text, _ in rows_of(made)] == ["a", "a", "b", "a"]
    assert answered(["a", "b", "a"])[1] == 0


def test_a_resumed_run_continues_after_the_rows_that_it_has() -> None:
    BEGUN.clear()
    answered(["a", "a", "b", "c"], n=2)
    made, calls = answered(["a", "a", "b", "c"], n=4)
    assert calls == 2
    assert BEGUN[0] == 0
    # The latest row that it has is made once more, and compared.
    assert BEGUN[1] >= 1
    assert rows_of(made) == [("a", "on a"), ("a", "on a"), ("b", "on b"), ("c", "on c")]


def test_rows_are_called_by_their_place() -> None:
    class Fails(Step):
        def process(self, row: dict[str, Any]) -> None:
            raise ValueError("no good")

    made = run(Fails(), input=Lines(texts=["a", "b"]), name="r")
    assert [failure.source for failure in made.failures] == ["row 1 of 'lines'", "row 2 of 'lines'"]
