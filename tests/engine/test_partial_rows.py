"""What was paid for is kept: good generations beside a bad one, and the dataset that was there before."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import PrivateAttr

from seedbed import (
    LLM,
    Capabilities,
    Choice,
    GeneratorTask,
    PartialRowsError,
    Reject,
    Request,
    Response,
    RowError,
    Step,
    Task,
    UsageError,
    run,
)
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.tasks.rows import Row


class CountingLLM(LLM):
    """Answers n choices with their numbers."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(n=True)

    async def respond(self, request: Request) -> Response:
        return Response(choices=tuple(Choice(text=str(number)) for number in range(request.n)))


class Numbers(GeneratorTask):
    template: str = "Count."
    num_generations: int = 4
    refused: str = "2"
    rejected: str = ""

    def format_output(self, output: str | None, input: Row | None) -> dict[str, Any]:
        if output == self.refused:
            raise RowError("not this number")
        if output == self.rejected:
            raise Reject("not wanted")
        return {"number": output}


def test_a_generation_that_fails_leaves_its_siblings_in_the_dataset() -> None:
    made = run(Numbers(), 4, llm=CountingLLM(model="m"))

    assert [row["number"] for row in made.rows()] == ["0", "1", "3"]
    assert made.failed == 1
    assert made.failures[0].reason == "not this number"


def test_a_generation_that_is_rejected_is_replaced_by_those_of_the_next_index() -> None:
    made = run(Numbers(refused="", rejected="0"), 4, llm=CountingLLM(model="m"))

    assert [row["number"] for row in made.rows()] == ["1", "2", "3", "1"]
    assert made.outcome == "complete"
    assert made.rejections == {"not wanted": 2}


def test_standalone_the_error_carries_the_good_rows() -> None:
    class Answer(Task):
        template: str = "{{ question }}"
        num_generations: int = 2

        def format_output(self, output: str | None, input: Row | None) -> dict[str, Any]:
            if output == "1":
                raise RowError("not this number")
            return {"answer": output}

    with pytest.raises(PartialRowsError) as raised:
        Answer(llm=CountingLLM(model="m")).process({"question": "How many?"})

    assert raised.value.rows == [{"question": "How many?", "answer": "0", "model_name": "m"}]


def test_a_run_in_which_every_row_fails_takes_no_dataset_away(tmp_path: Path) -> None:
    out = tmp_path / "numbers.jsonl"
    out.write_text('{"number": "old"}\n')

    made = run(Numbers(num_generations=1, refused="0"), 3, llm=CountingLLM(model="m"), out=out)

    assert made.outcome == "incomplete"
    assert made.failed == 3
    assert out.read_text() == '{"number": "old"}\n'
    assert made.out is None


class Judged(Step):
    """Adds the word of a second LLM."""

    judge: LLM

    def process(self, row: Row) -> Row:
        return {**row, "word": self.judge.generate([[{"role": "user", "content": "?"}]])[0][0]}


def test_a_second_llm_of_a_step_goes_through_the_run_too() -> None:
    pipeline = Numbers(num_generations=1, refused="", llm=CountingLLM(model="m")) >> Judged(
        judge=CountingLLM(model="judge")
    )

    made = pipeline.run(2)

    assert [row["word"] for row in made.rows()] == ["0", "0"]
    assert made.calls.answered == 4


def test_a_template_of_a_class_is_checked_when_the_task_is_made() -> None:
    class Broken(GeneratorTask):
        template: str = "{{ season"

    with pytest.raises(UsageError, match="line 1 of the template"):
        Broken()


class Meeting(LLM):
    """Answers once two calls have met."""

    _barrier: asyncio.Barrier = PrivateAttr(default_factory=lambda: asyncio.Barrier(2))

    async def respond(self, request: Request) -> Response:
        async with asyncio.timeout(60):
            await self._barrier.wait()
        return Response.of_text("met")


def test_the_calls_of_a_blocking_step_with_an_llm_overlap() -> None:
    pipeline = Numbers(num_generations=1, refused="", llm=CountingLLM(model="m")) >> Judged(
        judge=Meeting(model="judge")
    )

    assert [row["word"] for row in pipeline.run(2).rows()] == ["met", "met"]


class Waiting(Step):
    """Takes its time for the second row: until the first has left the run."""

    _first_has_left: threading.Event = PrivateAttr(default_factory=threading.Event)

    def process(self, row: Row) -> Row:
        if row["number"] == 2:
            assert self._first_has_left.wait(60)
        time.sleep(0.03 if row["number"] == 1 else 0)
        return row


def test_a_slow_row_does_not_hold_up_those_before_it_in_the_same_hop() -> None:
    step = Waiting()
    plan = make_plan(step, input=[{"number": 1}, {"number": 2}])
    engine = partial(LocalEngine, watch=lambda settled: step._first_has_left.set())
    session = open_session(plan, engine=engine)

    assert session.execute().accepted == 2


def test_generations_that_fail_alike_are_counted_one_by_one() -> None:
    made = run(Numbers(num_generations=5), 4, llm=ScatteredLLM(model="m"))

    assert [row["number"] for row in made.rows()] == ["1", "3"]
    assert made.failed == 2


class ScatteredLLM(CountingLLM):
    """Answers with every second number, and with what is refused between them."""

    async def respond(self, request: Request) -> Response:
        return Response(choices=tuple(Choice(text="2132"[number % 4]) for number in range(request.n)))
