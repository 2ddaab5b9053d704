"""A source without rows is said to be empty: a dataset of none looks like a mistake of ours."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from seedbed import GlobalStep, Reject, Row, Step, get_step, run
from seedbed_data import Csv


class Plain(Step):
    def process(self, row: Row) -> Row:
        return row


class Nothing(Step):
    def process(self, row: Row) -> Row:
        raise Reject("not wanted")


class All(GlobalStep):
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return [*rows]


@pytest.fixture
def header(tmp_path: Path) -> Path:
    """A file without rows."""
    (tmp_path / "e.csv").write_text("a,b\n")
    return tmp_path / "e.csv"


@pytest.mark.parametrize("step", [Plain(), All(), Plain() >> All()])
def test_an_input_without_rows_is_named(step: Any, header: Path) -> None:
    assert run(step, input=header).notes == [f"'{header}' has no rows"]
    assert run(step, input=[]).notes == ["the input has no rows"]


def test_a_source_step_without_rows_is_named(header: Path) -> None:
    assert run(Csv(path=str(header)) >> Plain()).notes == ["the source 'csv' has no rows"]


def test_a_shard_without_rows_is_told_from_an_empty_input() -> None:
    made = run(Plain(), input=[{"a": 1}], shard="2/2")
    assert made.notes == ["the input has no rows for the shard 2/2"]


@pytest.mark.parametrize("step", [Plain(), Nothing(), Nothing() >> All()])
def test_nothing_is_said_if_there_were_rows(step: Any) -> None:
    assert run(step, input=[{"a": 1}]).notes == []


@pytest.mark.parametrize(
    ("steps", "n", "gathered", "outcome"),
    [
        (All(), 5, 3, "incomplete"),
        (All(), 3, None, "complete"),
        (All(), 2, None, "complete"),
        (All(), None, None, "complete"),
        (Plain() >> All() >> Plain(name="after"), 5, 3, "incomplete"),
        (All() >> Nothing(), 3, None, "incomplete"),
        (Plain(), 5, None, "incomplete"),
    ],
)
def test_a_step_over_all_rows_that_gets_fewer_than_asked_for_leaves_the_run_incomplete(
    steps: Any, n: int | None, gathered: int | None, outcome: str
) -> None:
    made = run(steps, n, input=[{"a": number} for number in range(3)])

    assert (made.gathered, made.outcome) == (gathered, outcome)
    assert made.summary()["gathered"] == gathered


def test_rows_that_a_step_over_all_rows_takes_away_are_not_missing() -> None:
    made = run(get_step("group", by=["k"]), 4, input=[{"k": number % 2} for number in range(9)])

    assert (made.accepted, made.gathered, made.outcome) == (2, None, "complete")


def test_a_finished_run_remembers_that_rows_were_missing(tmp_path: Path) -> None:
    for _ in range(2):
        made = run(All(), 5, input=[{"a": 1}], name="short", out=tmp_path / "short.jsonl")
        assert (made.gathered, made.outcome) == (1, "incomplete")
