"""An error that every call would meet stops the run, whatever an author's `except` makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import pytest

from seedbed import (
    LLM,
    AuthenticationError,
    BudgetExhaustedError,
    GeneratorStep,
    GeneratorTask,
    GlobalStep,
    InvalidOutputError,
    Row,
    SharedAnswers,
    Step,
    run,
)
from seedbed.testing import EchoLLM, ScriptedLLM

ROWS = [{"n": n} for n in range(6)]


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


class Careless(GeneratorTask):
    """Makes a row of nothing where its call fails."""

    outputs: ClassVar[list[str]] = ["text"]

    async def generate_row(self, input: Row) -> Row:
        try:
            return {"text": await self.ask("Say it.")}
        except Exception:  # noqa: BLE001 - what the tests are about
            return {"text": "nothing"}


class Rewording(GeneratorTask):
    """Says that the answer can't be used where its call fails."""

    outputs: ClassVar[list[str]] = ["text"]

    async def generate_row(self, input: Row) -> Row:
        try:
            return {"text": await self.ask("Say it.")}
        except Exception as error:
            raise InvalidOutputError("no answer") from error


class Sharing(GeneratorTask):
    """Shares an answer, and makes a row of nothing where that fails."""

    outputs: ClassVar[list[str]] = ["text"]

    async def generate_row(self, input: Row) -> Row:
        try:
            return {"text": await SharedAnswers().get("key", lambda: self.ask("Say it."))}
        except Exception:  # noqa: BLE001
            return {"text": "nothing"}


class Asking(Step):
    """Asks in a thread."""

    llm: LLM

    def process(self, row: Row) -> Row:
        try:
            return {**row, "text": self.llm.generate([user("Say it.")])[0][0]}
        except Exception:  # noqa: BLE001
            return {**row, "text": "nothing"}


class AskingAll(GlobalStep):
    """Asks about each of all rows."""

    llm: LLM

    def process(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            try:
                yield {**row, "text": self.llm.generate([user("Say it.")])[0][0]}
            except Exception:  # noqa: BLE001
                yield {**row, "text": "nothing"}


class Telling(GeneratorStep):
    """Asks for each row, and ends where a call fails."""

    finite: ClassVar[bool] = True
    llm: LLM

    def process(self, offset: int = 0) -> Iterator[Row]:
        for _ in range(6):
            try:
                yield {"text": self.llm.generate([user("Say it.")])[0][0]}
            except Exception:  # noqa: BLE001
                return


MAKERS: dict[str, Callable[[LLM], tuple[Any, dict[str, Any]]]] = {
    "a task": lambda llm: (Careless(llm=llm), {"n": 6}),
    "a task that raises another error": lambda llm: (Rewording(llm=llm), {"n": 6}),
    "a shared answer": lambda llm: (Sharing(llm=llm), {"n": 6}),
    "a step": lambda llm: (Asking(llm=llm), {"input": ROWS}),
    "a step over all rows": lambda llm: (AskingAll(llm=llm), {"input": ROWS}),
    "a source": lambda llm: (Telling(llm=llm), {}),
}


@pytest.mark.parametrize("what", MAKERS)
def test_no_row_is_made_without_the_answers_that_a_cap_refused(what: str) -> None:
    step, options = MAKERS[what](EchoLLM())
    made = run(step, concurrency=1, max_tokens=1, **options)

    assert (made.accepted, made.rejected, made.failed) == (0, 0, 0)
    assert isinstance(made.stopped_by, BudgetExhaustedError)
    assert made.outcome != "complete"


@pytest.mark.parametrize("what", MAKERS)
def test_a_wrong_key_stops_the_run(what: str) -> None:
    refused = AuthenticationError("the key is wrong")
    step, options = MAKERS[what](ScriptedLLM(lambda request: refused))

    with pytest.raises(AuthenticationError, match="the key is wrong"):
        run(step, concurrency=1, **options)


def test_rows_before_a_cap_are_kept_and_a_run_with_more_room_makes_the_others() -> None:
    with_cap = run(Careless(llm=EchoLLM()), 6, concurrency=1, max_tokens=1055, name="capped")
    first = [row["text"] for row in with_cap.rows()]
    assert with_cap.outcome == "stopped"
    assert 0 < len(first) < 6

    made = run(Careless(llm=EchoLLM()), 6, concurrency=1, name="capped")
    assert [row["text"] for row in made.rows()] == ["Say it."] * 6


def test_an_author_may_make_a_row_of_an_error_of_that_row_alone() -> None:
    llm = ScriptedLLM(lambda request: ValueError("odd"))
    made = run(Careless(llm=llm), 2, concurrency=1)
    assert [row["text"] for row in made.rows()] == ["nothing", "nothing"]
