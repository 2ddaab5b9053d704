"""A source without rows is said to be empty: a dataset of none looks like a mistake of ours."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from seedbed import GlobalStep, Reject, Row, Step, run
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
