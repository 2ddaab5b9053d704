"""Steps that call no model run in their source's thread: what comes of it is what row by row would make."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed import (
    GeneratorOutput,
    GeneratorStep,
    Pass,
    Pipeline,
    Reject,
    Row,
    Run,
    RunReader,
    Step,
    UsageError,
    row_id,
    run,
)
from seedbed.store.row_blocks import is_block
from seedbed.store.run_queries import RunQueries

ROWS = st.lists(st.fixed_dictionaries({"n": st.integers(0, 9)}), min_size=1, max_size=30)
DEEDS = ("keep", "reject", "raise", "drop", "several", "none of several", "cancel", "ordered", "plain")
OTHERS: dict[str, Callable[[str, int], Step]] = {
    "ordered": lambda name, at: Once(name=name),
    "plain": lambda name, at: Plain(name=name, shift=at),
}


class Deed(Step):
    """Does something else with each row, by its number."""

    deed: str
    at: int = 0

    def process(self, row: Row) -> Any:
        if row["n"] % 5 != self.at:
            return {**row, self.name: row_id()}
        match self.deed:
            case "reject":
                raise Reject(f"not wanted by {self.name}")
            case "raise":
                raise ValueError(f"broken in {self.name}")
            case "cancel":
                raise StopIteration
            case "drop":
                return None
            case "several":
                return [{**row, "n": row["n"] + number, self.name: number} for number in range(3)]
            case "none of several":
                return []
        return row


VALUES: tuple[Any, ...] = (
    "é",
    None,
    True,
    2**64,
    float("nan"),
    1e300,
    "\ud800",
    [1, {"a": 2}],
    date(2026, 1, 2),
)


class Plain(Step):
    """Adds a value of any kind, or the type of the one that the step before has added."""

    repeatable: ClassVar[bool] = True

    shift: int = 0

    def process(self, row: Row) -> Any:
        if row["n"] == 9:
            return [row, {**row, "value": self.shift}]
        if row["n"] == 8:
            raise Reject(f"not wanted by {self.name}")
        value = VALUES[(row["n"] + self.shift) % len(VALUES)]
        return {**row, "was": type(row.get("value")).__name__, "value": value}


class Once(Step):
    """Keeps the first row of each number, so it needs them in their order."""

    ordered: ClassVar[bool] = True
    seen: list[int] = []

    def load(self) -> None:
        self.seen = []

    def process(self, row: Row) -> Row:
        if row["n"] in self.seen:
            raise Reject("seen before")
        self.seen = [*self.seen, row["n"]]
        return row


class Counting(GeneratorStep):
    """Counts from 0, for ever."""

    seekable: ClassVar[bool] = True

    def process(self, offset: int = 0) -> GeneratorOutput:
        for number in itertools.count(offset):
            yield {"n": number}


@st.composite
def lines(draw: st.DrawFn) -> list[Step]:
    """Return steps in a line."""
    deeds = draw(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 4)), min_size=1, max_size=4))
    return [
        OTHERS[deed](f"s{place}", at) if deed in OTHERS else Deed(name=f"s{place}", deed=deed, at=at)
        for place, (deed, at) in enumerate(deeds)
    ]


def row_by_row(steps: list[Step]) -> Pipeline:
    """Return the same steps with a fork after them: not a line, so each row is a task."""
    return joined(steps) >> [Pass(name="leaf"), Pass(name="other")]


def joined(steps: list[Step]) -> Pipeline:
    """Return the steps one after the other."""
    pipeline = Pipeline([steps[0]])
    for step in steps[1:]:
        pipeline = pipeline >> step
    return pipeline


def kept(made: Run, leaf: str, steps: list[Step]) -> Any:
    """Return what a run says and keeps of its rows."""
    assert made.store is not None
    return (
        [*made.rows()],
        made.accepted,
        made.failed,
        made.rejected,
        made.reasons,
        made.rejections,
        made.dropped,
        [(one.row, one.verdict) for one in made.store.verdicts(leaf)],
        [results_of(made.store, step.name, leaf) for step in steps],
        [(one.row, one.step, one.reason, one.source) for one in made.store.refused(leaf)],
        [*made.rejected_rows()],
        {step.name: made.store.count_results().get(step.name) for step in steps},
    )


def results_of(queries: RunQueries, step: str, leaf: str) -> dict[str, Any]:
    """Return what a step made of each row, wherever it's kept."""
    # Rows of an item that became several have their results under the ids that they had before.
    decided = [verdict.row for verdict in queries.verdicts(leaf)]
    single = [one.row for one in queries.results_of(step) if not is_block(one.row)]
    found = {row: queries.find_result(step, row) for row in {*decided, *single}}
    return {
        row: (one.status, json.loads(one.data), json.loads(one.reasons or b"[]"))
        for row, one in found.items()
        if one is not None
    }


def made_by(pipeline: Pipeline, rows: list[Row], **options: Any) -> Run:
    return run(pipeline, input=rows, give_up_after=0, **options)


@pytest.mark.slow
@settings(deadline=None)
@given(lines(), ROWS)
def test_rows_come_to_what_row_by_row_would_make(steps: list[Step], rows: list[Row]) -> None:
    one = kept(made_by(joined(steps), rows), steps[-1].name, steps)
    other = kept(made_by(row_by_row(steps), rows, leaf="leaf"), "leaf", steps)
    assert one == other


@pytest.mark.slow
@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=4), ROWS)
def test_rows_pass_repeatable_steps_as_if_each_were_written_and_read(
    shifts: list[int], rows: list[Row]
) -> None:
    steps: list[Step] = [Plain(name=f"s{place}", shift=shift) for place, shift in enumerate(shifts)]
    one = kept(made_by(joined(steps), rows), steps[-1].name, steps)
    other = kept(made_by(row_by_row(steps), rows, leaf="leaf"), "leaf", steps)
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [1, 7, 300, 2000])
def test_an_endless_source_ends_with_exactly_the_rows_wanted(wanted: int) -> None:
    made = run(Counting() >> Deed(deed="reject", at=1), wanted)
    assert [row["n"] for row in made.rows()] == [
        *itertools.islice((n for n in itertools.count() if n % 5 != 1), wanted)
    ]
    assert made.outcome == "complete"


def test_rows_made_ahead_and_not_wanted_leave_nothing() -> None:
    made = run(Counting() >> Deed(name="deed", deed="keep"), 5)
    assert made.store is not None
    assert {one.row for one in made.store.results_of("deed")} == {"0", "1", "2", "3", "4"}
    assert len([*made.store.results_of("counting")]) == 5


class Misused(Step):
    """Meets an error that every row would meet, at its third row."""

    def process(self, row: Row) -> Row:
        if row["n"] == 2:
            raise UsageError("never again")
        return row


def test_an_error_of_every_row_ends_the_run_after_the_rows_before_it() -> None:
    made = run(Misused(), input=[{"n": number} for number in range(9)])
    assert (made.outcome, made.accepted) == ("stopped", 2)
    assert "never again" in str(made.stopped_by)


def test_rows_run_in_one_thread_that_is_not_the_loop() -> None:
    threads: set[str] = set()

    class Where(Step):
        def process(self, row: Row) -> Row:
            threads.add(threading.current_thread().name)
            return row

    run(Where() >> Where(name="again"), input=[{"n": number} for number in range(500)])
    assert len(threads) == 1
    assert threads.isdisjoint({"MainThread", "seedbed-loop"})


def test_a_source_that_raises_ends_the_run_with_the_rows_before_it() -> None:
    def rows() -> Iterator[Row]:
        yield {"n": 1}
        raise OSError("the disk is gone")

    made = run(Deed(deed="keep"), input=rows())
    assert (made.accepted, made.failed) == (1, 1)
    assert "the disk is gone" in made.failures[0].reason


def test_a_resumed_run_finds_what_repeatable_steps_made() -> None:
    rows = [{"n": number} for number in range(40)]

    def results(name: str, *parts: int) -> list[Any]:
        for part in parts:
            made = run(joined([Plain(name="s0"), Plain(name="s1", shift=3)]), input=rows[:part], name=name)
        assert made.folder is not None
        with RunReader.open(made.folder) as reader:
            verdicts = [(one.row, one.verdict) for one in reader.verdicts("s1")]
            return [verdicts, *(results_of(reader, step, "s1") for step in ("s0", "s1", "s0 refused"))]

    assert results("extended", 7, 30, 40) == results("at once", 40)
