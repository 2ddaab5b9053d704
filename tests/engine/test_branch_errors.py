"""What a row fails by doesn't depend on which of its concurrent calls fails first."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any, ClassVar

import pytest

from seedbed import (
    LLM,
    ContentFilteredError,
    GeneratorTask,
    InvalidOutputError,
    LLMError,
    Request,
    Response,
    Row,
    call_label,
    run,
)
from seedbed.testing import ScriptedLLM


class Late(LLM):
    """Answers a prompt with `late` in it after all others; `filtered` fails the call, `empty` has no text."""

    model: str = "late"
    late: str = ""

    async def respond(self, request: Request) -> Response:
        text = request.messages[-1]["content"]
        await asyncio.sleep(0.05 if self.late and self.late in text else 0)
        if "filtered" in text:
            raise ContentFilteredError("filtered")
        return Response.of_text("" if "empty" in text else "yes")


class Pair(GeneratorTask):
    """Makes two calls at once, of which one fails the row and one rejects it."""

    outputs: ClassVar[list[str]] = ["answer"]

    async def generate_row(self, input: Row) -> Any:
        return {"answer": str(await self.both("filtered", "empty"))}

    async def both(self, one: str, other: str) -> Any:
        return await asyncio.gather(self.ask(one), self.ask(other))


class EmptyFirst(Pair):
    async def generate_row(self, input: Row) -> Any:
        return {"answer": str(await self.both("empty", "filtered"))}


class Nested(Pair):
    """The first of the two makes two calls of its own, one after the other."""

    async def generate_row(self, input: Row) -> Any:
        return {"answer": str(await asyncio.gather(self.inner(), self.ask("empty")))}

    async def inner(self) -> Any:
        await asyncio.gather(self.ask("fine"), self.ask("good"))
        with call_label("after"):
            return await self.ask("filtered")


class NestedInSecond(Pair):
    """The second of the two makes two calls at once, of which the second fails before all others."""

    async def generate_row(self, input: Row) -> Any:
        return {
            "answer": str(
                await asyncio.gather(self.ask("empty, late"), self.both("filtered, late", "filtered"))
            )
        }


class InGenerations(Pair):
    num_generations: int = 2


@pytest.mark.parametrize("late", ["filtered", "empty", ", late"])
@pytest.mark.parametrize(
    ("task", "counts"),
    [
        (Pair, (1, 0)),
        (Nested, (1, 0)),
        (NestedInSecond, (0, 3)),
        (InGenerations, (1, 0)),
        (EmptyFirst, (0, 3)),
    ],
)
def test_the_call_that_was_started_first_decides(
    task: type[Pair], counts: tuple[int, int], late: str
) -> None:
    made = run(task(), n=1, max_attempts=3, llm=Late(late=late))

    assert (made.failed, made.rejected) == counts


def test_a_resumed_run_decides_as_before() -> None:
    first = run(Pair(), n=2, max_attempts=4, llm=Late(late="empty"), name="pairs")
    again = run(Pair(), n=3, max_attempts=6, llm=Late(late="filtered"), name="pairs")

    assert (first.failed, first.rejected) == (2, 0)
    assert (again.failed, again.rejected) == (3, 0)


@pytest.mark.parametrize("late", ["filtered", "empty"])
def test_a_task_group_decides_by_the_error_of_its_task(late: str) -> None:
    class InGroup(Pair):
        async def generate_row(self, input: Row) -> Any:
            async with asyncio.TaskGroup() as group:
                fine = group.create_task(self.ask("fine"))
                group.create_task(self.inner())
            return {"answer": fine.result()}

        async def inner(self) -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.ask("empty"))

    made = run(InGroup(), n=1, max_attempts=2, llm=Late(late=late))

    assert (made.failed, made.rejected) == (0, 2)
    assert "2 times: the model wrote no text" in str(made)


class Two(Pair):
    """Makes a call in a group, which one of two generations rejects."""

    num_generations: int = 2

    async def generate_row(self, input: Row) -> Any:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(self.ask("fine" if self._first() else "empty"))
        return {"answer": asked.result()}

    def _first(self) -> bool:
        self._count.append(1)
        return len(self._count) % 2 == 1

    _count: ClassVar[list[int]] = []


def test_a_generation_whose_task_group_fails_fails_alone() -> None:
    made = run(Two(), n=1, max_attempts=1, llm=Late())

    assert [row["answer"] for row in made] == ["yes"]


def test_outside_of_a_run_the_error_is_that_of_the_groups_task() -> None:
    class Alone(Two):
        num_generations: int = 1

        def _first(self) -> bool:
            return False

    with pytest.raises(InvalidOutputError, match="the model wrote no text"):
        asyncio.run(Alone(llm=Late()).make_row(0))


def test_a_group_of_errors_that_an_author_makes_is_said_as_it_is() -> None:
    class Grouping(Pair):
        async def generate_row(self, input: Row) -> Any:
            raise ExceptionGroup("both judges are at odds", [ValueError("one"), ValueError("other")])

    [failure] = run(Grouping(), n=1, llm=Late()).failures

    assert "both judges are at odds" in failure.reason


@pytest.mark.parametrize("label", [None, "later"])
def test_a_retry_reads_the_answers_of_calls_that_were_under_way(label: str | None) -> None:
    broken, answered = ["one"], []

    class Three(Pair):
        async def generate_row(self, input: Row) -> Any:
            return {"answer": str(await asyncio.gather(self.ask("one"), self.chain(), self.ask("three")))}

        async def chain(self) -> Any:
            with call_label(label) if label else nullcontext():
                await self.ask("two")
                return await self.ask("four")

    async def answer(request: Request) -> str:
        asked = str(request.messages[-1]["content"])
        if asked in broken:
            raise LLMError("the server broke the call", fatal=False)
        await asyncio.sleep(0.05)
        answered.append(asked)
        return asked

    options: Any = {"n": 1, "llm": ScriptedLLM(answer), "name": "three"}
    assert run(Three(), **options).failed == 1
    assert {"two", "three"} <= set(answered)
    broken.clear()

    assert run(Three(), **options, retry=True).accepted == 1
    assert sorted(answered) == ["four", "one", "three", "two"]


def test_an_error_that_the_author_chose_counts() -> None:
    class Choosing(Pair):
        async def generate_row(self, input: Row) -> Any:
            found = await asyncio.gather(self.ask("filtered"), self.ask("empty"), return_exceptions=True)
            raise found[1]  # type: ignore[misc]

    for late in ("filtered", "empty"):
        made = run(Choosing(), n=1, max_attempts=3, llm=Late(late=late))
        assert (made.failed, made.rejected) == (0, 3)


def test_a_task_that_never_ends_holds_no_row_back() -> None:
    class Waiting(Pair):
        async def generate_row(self, input: Row) -> Any:
            never = asyncio.ensure_future(self.wait())
            try:
                return {"answer": str(await asyncio.gather(never, self.ask("empty"), self.ask("filtered")))}
            finally:
                self._tasks.append(never)

        _tasks: ClassVar[list[Any]] = []

        async def wait(self) -> None:
            await self.ask("fine")
            await asyncio.Event().wait()

    made = run(Waiting(), n=1, max_attempts=2, llm=Late(late="empty"))

    assert (made.failed, made.rejected) == (0, 2)
    for task in Waiting._tasks:
        task.get_loop().call_soon_threadsafe(task.cancel)
