"""Interruption is not failure: what was under way is pending, whatever its author's code made of that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from pydantic import PrivateAttr
from tests.support.scripted_llm import prompt, scripted, user

from seedbed import LLM, GeneratorStep, GeneratorTask, GlobalStep, Run, Step, Task, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.session import Session
from seedbed.llm.calling.loop import loop_thread
from seedbed.store import RunReader
from seedbed.tasks.rows import Row

ROWS = [{"n": n} for n in range(6)]


class Cancelling:
    """Answers each prompt with itself; call number `at` cancels the session, the first time, and hangs."""

    def __init__(self, at: int) -> None:
        self.answered: list[str] = []
        self.session: Session | None = None
        self.cut = 0
        self.let_go = asyncio.Event()
        self._at = at

    async def __call__(self, request: Any) -> str:
        if len(self.answered) == self._at and self.session is not None:
            session, self.session = self.session, None
            session.cancel()
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self.cut += 1
                raise
        self.answered.append(prompt(request))
        return prompt(request)


def interrupted_and_resumed(step: Any, answer: Cancelling) -> tuple[Run, Run]:
    answer.session = open_session(make_plan(step, input=ROWS, concurrency=1), name="cut")
    # What does not end by itself fails, and does not hang.
    rescue = threading.Timer(20, loop_thread().loop.call_soon_threadsafe, [answer.let_go.set])
    rescue.start()
    first = answer.session.execute()
    rescue.cancel()
    return first, run(step, input=ROWS, concurrency=1, name="cut")


class Careless(Task):
    """Makes a row of nothing where its call fails."""

    async def generate_row(self, input: Row) -> Row:
        try:
            return {"text": await self.ask(str(input["n"]))}
        except BaseException:  # noqa: BLE001 - what the test is about
            return {"text": None}


def test_a_row_made_without_an_answer_that_was_cut_off_is_pending() -> None:
    answer = Cancelling(at=3)
    first, second = interrupted_and_resumed(Careless(llm=scripted(answer)), answer)

    assert (first.outcome, first.accepted, first.failed) == ("interrupted", 3, 0)
    assert [row["text"] for row in second.rows()] == ["0", "1", "2", "3", "4", "5"]
    # In whatever order they come to their turn: each once.
    assert sorted(answer.answered) == ["0", "1", "2", "3", "4", "5"]


class Judging(GlobalStep):
    """Asks about each of all rows."""

    llm: LLM
    careless: bool = False

    def process(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            try:
                ((text,),) = self.llm.generate([user(str(row["n"]))])
            except Exception:
                if not self.careless:
                    raise
                text = None
            yield {**row, "text": text}


@pytest.mark.parametrize("careless", [False, True])
def test_a_step_over_all_rows_that_was_cut_off_is_pending_and_asks_nothing_again(careless: bool) -> None:
    answer = Cancelling(at=3)
    first, second = interrupted_and_resumed(Judging(llm=scripted(answer), careless=careless), answer)

    assert (first.outcome, first.accepted, first.failed) == ("interrupted", 0, 0)
    assert [row["text"] for row in second.rows()] == ["0", "1", "2", "3", "4", "5"]
    # In whatever order they come to their turn: each once.
    assert sorted(answer.answered) == ["0", "1", "2", "3", "4", "5"]


class Pooled(Step):
    """Asks in a thread."""

    llm: LLM

    def process(self, row: Row) -> Row:
        return {**row, "text": self.llm.generate([user(str(row["n"]))])[0][0]}


@pytest.mark.slow
def test_a_call_that_a_thread_waits_for_is_cut_off_too() -> None:
    answer = Cancelling(at=3)
    first, second = interrupted_and_resumed(Pooled(llm=scripted(answer)), answer)

    assert (first.outcome, first.accepted, first.failed) == ("interrupted", 3, 0)
    assert [row["text"] for row in second.rows()] == ["0", "1", "2", "3", "4", "5"]
    assert answer.cut == 1


class Again(GlobalStep):
    """Doubles all rows, or waits before it does."""

    wait: Any = None

    def process(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            yield row
            if self.wait:
                self.wait()


def test_rows_made_of_rows_that_have_changed_are_never_read_beside_those_of_before() -> None:
    run(Again(), input=ROWS, name="again")
    session = open_session(make_plan(Again(wait=lambda: session.cancel()), input=ROWS[:3]), name="again")
    cut = session.execute()

    assert cut.outcome == "interrupted"
    assert list(cut.rows()) == []
    assert list(run(Again(), input=ROWS[:3], name="again").rows()) == ROWS[:3]


class Slow(GeneratorTask):
    """Takes its time to admit row 1."""

    template: str = "{{ n }}"
    _blocked: threading.Event = PrivateAttr(default_factory=threading.Event)
    _released: threading.Event = PrivateAttr(default_factory=threading.Event)

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}

    def admit(self, row: Row, accepted: Any) -> None:
        if row["n"] == 1:
            self._blocked.set()
            assert self._released.wait(20)


def test_a_run_that_is_cancelled_while_it_judges_a_row_skips_none() -> None:
    session = open_session(make_plan(Slow(llm=scripted(prompt)), n=5), name="slow")
    (task,) = session.plan.steps
    assert isinstance(task, Slow)
    ended = threading.Event()

    async def execute() -> None:
        try:
            await session._execute()
        finally:
            ended.set()

    future = asyncio.run_coroutine_threadsafe(execute(), loop_thread().loop)
    assert task._blocked.wait(20)
    future.cancel()
    task._released.set()
    assert ended.wait(20)

    assert session.run.folder is not None
    with RunReader.open(session.run.folder) as reader:
        assert [one.row for one in reader.verdicts("slow")] == ["0"]


class Giving(GeneratorStep):
    """Ends in an error that means something else elsewhere."""

    def process(self, offset: int = 0) -> Iterator[Row]:
        yield {"n": 0}
        raise asyncio.CancelledError


def test_a_generator_that_cancels_itself_has_failed_and_is_not_at_its_end() -> None:
    made = run(Giving())

    assert (made.outcome, made.accepted, made.failed) == ("incomplete", 1, 1)
    assert made.failures[0].reason.endswith("the step raised CancelledError")
