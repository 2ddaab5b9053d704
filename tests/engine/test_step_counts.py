"""What the display says of each step: rows in, rows out, and how many pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, GlobalStep, Pipeline, Reject, Step, Task
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.segments.step_counts import StepCounts
from seedbed.engine.session import Session
from seedbed.store.output import outputs_of


class Ask(GeneratorTask):
    template: str = "{{ n }}"
    unique = ("kind",)

    def sample(self, index, rng):
        return {"n": index, "kind": index // 2}


class Judge(Step):
    def process(self, row):
        if row["n"] % 3 == 0:
            raise Reject("dull")
        if row["n"] == 1:
            raise ValueError("odd")
        return row


class Keep(Step):
    def process(self, row):
        return row if row["n"] < 6 else None


class Double(Task):
    template: str = "{{ n }}"

    def format_output(self, output, input):
        return [{"part": 1}, {"part": 2}]


class All(GlobalStep):
    def process(self, rows):
        yield from list(rows)


ROWS = [{"n": n} for n in range(9)]


def _session(pipeline: Pipeline, **options: object) -> Session:
    session = open_session(make_plan(pipeline, **options))
    session.execute()
    return session


def test_rows_are_counted_into_and_out_of_each_step() -> None:
    steps = _session(Judge() >> Keep() >> Double(llm=scripted()), input=ROWS).steps
    assert steps["judge"] == StepCounts(taken=9, made=5, passed=5, refused=3, failed=1)
    assert steps["keep"] == StepCounts(taken=5, made=3, passed=3, refused=2)
    assert steps["double"] == StepCounts(taken=3, made=6, passed=3)
    assert steps["judge"].pass_rate == pytest.approx(5 / 8)
    assert steps["double"].pass_rate is None
    assert {one.taken == one.settled for one in steps.values()} == {True}


def test_a_copy_counts_as_refused_by_the_generator_that_made_it() -> None:
    steps = _session(Pipeline([Ask(llm=scripted())]), n=3).steps
    assert steps["ask"].passed == 3
    assert steps["ask"].refused >= 2


def test_a_step_that_needs_all_rows_is_counted_by_what_it_makes() -> None:
    steps = _session(Keep() >> All() >> Judge(), input=ROWS).steps
    assert steps["all"] == StepCounts(made=6)
    assert steps["all"].settled == 6
    assert steps["judge"].taken == 6


def test_rows_that_a_run_had_before_are_counted_when_it_goes_on(tmp_path: Path) -> None:
    pipeline, out = Judge() >> Keep(), tmp_path / "out.jsonl"
    for rows in (ROWS[:4], ROWS):
        session = open_session(make_plan(pipeline, input=rows), outputs=outputs_of(out), name="kept")
        session.execute()
    assert session.steps["judge"].taken == 9
