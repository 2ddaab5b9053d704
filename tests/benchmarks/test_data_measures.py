"""The measures of rows that no model makes: what they compare is the same work."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.benchmarks.child import in_child
from tests.benchmarks.measures import many_rows, near_duplicates

pytest.importorskip("duckdb")


@pytest.mark.slow
def test_seedbed_and_duckdb_make_the_same_rows(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    many_rows.write_rows(tmp_path / "rows.jsonl", 2_000)
    in_child("measures.many_rows", "make_rows", folder=tmp_path, file="rows.jsonl", run_name="many")
    in_child("measures.many_rows", "query", folder=tmp_path)
    ours, theirs = (pq.read_table(tmp_path / f"{who}.parquet").to_pylist() for who in ("our", "duckdb"))
    assert ours == sorted(theirs, key=lambda row: row["id"])
    assert len(ours) == 1_600


@pytest.mark.slow
def test_dedup_near_finds_the_near_copies_and_no_others() -> None:
    recall, precision = near_duplicates.found_of(list(near_duplicates.texts(2_000)))
    assert recall >= 0.99
    assert precision == 1.0
