"""A source without rows is said to be empty: a dataset of none looks like a mistake of ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from seedbed import DatasetError, GeneratorOutput, GeneratorStep, GlobalStep, Reject, Row, Step, get_step, run
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


class Empty(GeneratorStep):
    def process(self, offset: int = 0) -> GeneratorOutput:
        yield []


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
    assert run(Csv(path=str(header)) >> Plain()).notes == [f"'{header}' has no rows"]
    assert run(Empty() >> Plain()).notes == ["the source 'empty' has no rows"]


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


class Shelf(GeneratorStep):
    """Reads rows from a server, which goes away once or has a row that no run can hold."""

    ids_from_content: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    away: ClassVar[bool] = False
    odd: bool = False

    def process(self, offset: int = 0) -> GeneratorOutput:
        for number in range(6):
            if number == 3 and self.away:
                raise ConnectionResetError("the server went away")
            yield {"n": number, **({"odd": object()} if self.odd and number == 3 else {})}


def test_a_source_that_breaks_off_makes_no_dataset_and_goes_on_with_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Shelf, "away", True)
    broken = run(Shelf(), name="shelf", out="rows.jsonl")

    assert isinstance(broken.stopped_by, DatasetError)
    assert "ConnectionResetError: the server went away" in str(broken.stopped_by)
    assert "the rest of the input was not read" in str(broken.stopped_by)
    assert (broken.accepted, broken.failed) == (3, 0)
    assert not Path("rows.jsonl").exists()

    monkeypatch.setattr(Shelf, "away", False)
    whole = run(Shelf(), name="shelf", out="rows.jsonl")
    assert (whole.outcome, [row["n"] for row in whole.rows()]) == ("complete", [0, 1, 2, 3, 4, 5])


def test_a_row_that_no_run_can_hold_ends_its_source_and_is_no_end_of_the_dataset() -> None:
    ended = run(Shelf(odd=True))

    assert "column 'odd' holds an object" in str(ended.stopped_by)
    assert "the rest of the input was not read" in str(ended.stopped_by)


class Three(Step):
    """Wants three rows, all of them."""

    ordered = True
    keeps = True
    _kept: int = 0

    @property
    def rows_wanted(self) -> int:
        return 3 - self._kept

    @property
    def rows_missing(self) -> str:
        return f"{self.rows_wanted} rows" if self.rows_wanted else ""

    def load(self) -> None:
        self._kept = 0

    def process(self, row: Row) -> Row:
        if not self.rows_wanted:
            raise Reject("enough")
        self._kept += 1
        return row


@pytest.mark.parametrize(
    ("steps", "rows", "n", "missing"),
    [
        (Three(), 3, None, []),
        (Three(), 5, None, []),
        (Three(), 2, None, ["'three' lacks 1 rows"]),
        (Three(), 2, 2, []),
        (Plain() >> Three() >> All(), 2, None, ["'three' lacks 1 rows"]),
        (All() >> Three(), 1, None, ["'three' lacks 2 rows"]),
    ],
)
def test_what_a_step_lacks_leaves_the_run_incomplete(
    steps: Any, rows: int, n: int | None, missing: list[str]
) -> None:
    made = run(steps, n, input=[{"a": number} for number in range(rows)])

    assert made.missing == made.summary()["missing"] == missing
    assert made.outcome == ("incomplete" if missing else "complete")


def test_what_a_step_lacked_is_remembered_with_the_run(tmp_path: Path) -> None:
    for _ in range(2):
        made = run(Three(), input=[{"a": 1}], name="short", out=tmp_path / "short.jsonl")
        assert (made.missing, made.outcome) == (["'three' lacks 2 rows"], "incomplete")


class Feed(GeneratorStep):
    """Continues after a number of rows of a server, whose rows may have changed meanwhile."""

    ids_from_content: ClassVar[bool] = True
    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True

    def process(self, offset: int = 0) -> GeneratorOutput:
        at = 0
        # A class variable would be part of its code, which a resumed run compares.
        for numbers in json.loads(os.environ["FEED"]):
            if at >= offset:
                yield [{"n": number} for number in numbers]
            at += len(numbers)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([[0, 1], [2, 3], [4]], [0, 1, 2, 3, 4]),
        ([[0, 1], [2, 3], [], [4], [5]], [0, 1, 2, 3, 4, 5]),
        ([[0, 1], [2, 8], [4]], None),
        ([[7, 0], [1, 2], [3, 4]], None),
        ([[0, 1]], None),
        ([], None),
    ],
)
def test_a_source_that_goes_on_elsewhere_than_it_stopped_ends_the_run(
    later: list[list[int]], expected: list[int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEED", "[[0, 1], [2, 3]]")
    assert run(Feed(), 4, name="feed").accepted == 4

    monkeypatch.setenv("FEED", json.dumps(later))
    made = run(Feed(), 6, name="feed", out="rows.jsonl")

    if expected is not None:
        assert [row["n"] for row in made.rows()] == expected
        return
    assert str(made.stopped_by).startswith(
        "'feed' yields another row 2 than before\n  what it reads has changed"
    )
    assert not Path("rows.jsonl").exists()
