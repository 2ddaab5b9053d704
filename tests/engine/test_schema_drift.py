"""Columns that change while a run goes on: every format has every row, with every value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.drift import DRIFT, assert_csv_agrees, exactly, without_none

from seedbed import GeneratorStep, Step
from seedbed.store import read_rows
from seedbed.tasks.rows import Row


class Drifting(GeneratorStep):
    """Yields the rows that it is given."""

    rows: list[Any]

    def process(self, offset: int = 0) -> Iterator[Row]:
        yield from self.rows


class Same(Step):
    def process(self, row: Row) -> Row:
        return row


@pytest.mark.slow
@pytest.mark.variants(8)
@pytest.mark.parametrize("case", DRIFT)
def test_a_run_makes_the_same_rows_in_every_format(case: str, tmp_path: Path) -> None:
    rows = DRIFT[case]

    def made(ending: str, file: str = "") -> list[Row]:
        out = tmp_path / f"out{ending}"
        done = (Drifting(rows=rows) >> Same()).run(out=out)
        assert (done.outcome, done.accepted, done.out) == ("complete", len(rows), out)
        assert exactly(list(done.rows())) == exactly(rows)
        return list(read_rows(out / file))

    lines, parquet, arrow = made(".jsonl"), made(".parquet"), made(".arrow")
    folder = made(".hf", "data-00000-of-00001.arrow")
    assert exactly(lines) == exactly(rows)
    assert without_none(parquet) == without_none(rows)
    assert exactly(parquet) == exactly(arrow) == exactly(folder)
    assert_csv_agrees(made(".csv"), rows)
