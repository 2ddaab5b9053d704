"""Exactly N rows, the same ones in the same order, whatever the timing and however many are in flight."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import PrivateAttr
from tests.support.scripted_llm import scripted

from seedbed import GeneratorStep, GeneratorTask, Reject, Step, Task, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.stopping.bounds import Bounds

Verdict = Literal["accept", "reject", "fail", "two", "none"]


class Judged(GeneratorTask):
    """Makes of index k what `verdicts[k]` says, after `delays[k]` turns of the loop."""

    verdicts: list[str]
    delays: list[int]
    finite: ClassVar[bool] = True

    _started: list[int] = PrivateAttr(default_factory=list)

    def sample(self, index, rng):
        if index >= len(self.verdicts):
            return None
        self._started.append(index)
        return {"index": index, "draw": rng.random()}

    async def generate_row(self, input):
        index = input["index"]
        for _ in range(self.delays[index % len(self.delays)]):
            await asyncio.sleep(0)
        await self.ask(f"{index}")
        match self.verdicts[index]:
            case "accept":
                return {"part": 0}
            case "two":
                return [{"part": 0}, {"part": 1}]
            case "none":
                return []
            case "reject":
                raise Reject("not this one")
        raise ValueError("broken")


def expected(verdicts: list[str], n: int) -> tuple[list[tuple[int, int]], int, int, int]:
    """Fold verdicts in order: accepted rows, failed and rejected counts, indices needed."""
    rows: list[tuple[int, int]] = []
    failed = rejected = needed = 0
    for index, verdict in enumerate(verdicts):
        if len(rows) + failed >= n:
            break
        needed += 1
        failed += verdict == "fail"
        rejected += verdict == "reject"
        rows += [(index, part) for part in range({"accept": 1, "two": 2}.get(verdict, 0))]
    return rows[: n - failed], failed, rejected, needed


def settle(verdicts: list[str], delays: list[int], n: int, concurrency: int) -> tuple[Any, Judged]:
    task = Judged(llm=scripted(), verdicts=verdicts, delays=delays)
    # Verdicts that are all alike are no reason to give up here.
    plan = make_plan(task, n=n, concurrency=concurrency, bounds=Bounds(give_up_after=0))
    done = open_session(plan).execute()
    (step,) = plan.steps
    assert isinstance(step, Judged)
    return done, step


some_delays = st.lists(st.integers(0, 6), min_size=1, max_size=8)
some_concurrency = st.sampled_from([1, 3, 50])


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["accept", "accept", "reject", "fail"]), min_size=1, max_size=30),
    some_delays,
    st.integers(1, 20),
    some_concurrency,
)
def test_rows_follow_from_the_verdicts_alone_and_no_index_starts_in_vain(verdicts, delays, n, concurrency):
    done, task = settle(verdicts, delays, n, concurrency)
    rows, failed, rejected, needed = expected(verdicts, n)
    assert [(row["index"], row["part"]) for row in done.rows()] == rows
    assert (done.accepted, done.failed, done.rejected) == (len(rows), failed, rejected)
    assert task._started == list(range(needed))
    assert len(task.llm.requests) == needed
    assert done.outcome == ("complete" if len(rows) == n else "incomplete")


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["accept", "two", "none", "reject", "fail"]), min_size=1, max_size=30),
    some_delays,
    st.integers(1, 20),
    some_concurrency,
)
def test_a_surplus_is_cut_in_the_order_of_indices(verdicts, delays, n, concurrency):
    done, _ = settle(verdicts, delays, n, concurrency)
    rows, failed, rejected, _ = expected(verdicts, n)
    assert [(row["index"], row["part"]) for row in done.rows()] == rows
    assert (done.accepted, done.failed, done.rejected) == (len(rows), failed, rejected)


class Generations(GeneratorTask):
    outputs: ClassVar[list[str]] = ["text"]

    def sample(self, index, rng):
        return {"index": index}

    template: str = "{{ index }}"


class Reply(Task):
    outputs: ClassVar[list[str]] = ["reply"]
    template: str = "{{ text }}"


@pytest.mark.parametrize("n", [1, 6, 7])
def test_no_index_is_bought_in_vain_where_each_makes_several_rows(n):
    llm = scripted()
    run(Generations(num_generations=3), n, llm=llm)
    assert sum(request.n for request in llm.requests) == 3 * math.ceil(n / 3)
    llm = scripted()
    done = run(Generations(num_generations=3) >> Reply(num_generations=2), n, llm=llm)
    assert sum(request.n for request in llm.requests) == 9 * math.ceil(n / 6)
    assert done.accepted == n


def test_what_is_in_flight_behind_the_last_row_is_cancelled():
    hung, cancelled = [], []

    async def answer(request):
        if request.messages[-1]["content"] == "0":
            return "yes"
        hung.append(request)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(request)

    done = run(Judged(llm=scripted(answer), verdicts=["two"] * 9, delays=[0]), 2)
    assert (done.outcome, done.accepted) == ("complete", 2)
    assert len(cancelled) == len(hung)


class Numbers(GeneratorStep):
    """Yields rows and then, it may be, raises."""

    count: int
    broken: bool = False

    def process(self, offset: int = 0) -> Iterator[Any]:
        for number in range(self.count):
            yield {"number": number}
        if self.broken:
            raise ValueError("the spring is dry")


class Halve(Step):
    def process(self, row):
        return [row, row] if row["number"] % 2 else None


def test_a_generator_that_raises_keeps_what_it_yielded():
    done = run(Numbers(count=5, broken=True))
    assert [row["number"] for row in done.rows()] == [0, 1, 2, 3, 4]
    assert (done.outcome, done.failed) == ("incomplete", 1)
    (failure,) = done.failures
    assert (failure.row, failure.step) == ("source", "numbers")
    assert "the spring is dry" in failure.reason


def test_an_error_behind_the_last_row_is_nobodys():
    for n in (1, 5):
        done = run(Numbers(count=5, broken=True), n)
        assert (done.outcome, done.accepted, done.failed) == ("complete", n, 0)


def test_a_generator_that_ends_early_leaves_the_run_incomplete():
    done = run(Numbers(count=3), 5)
    assert (done.outcome, done.wanted, done.accepted, done.failed) == ("incomplete", 5, 3, 0)


def test_n_counts_what_comes_out_at_the_end():
    done = (Numbers(count=100) >> Halve()).run(5)
    assert [row["number"] for row in done.rows()] == [1, 1, 3, 3, 5]
