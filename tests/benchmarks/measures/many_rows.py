"""Short rows of JSON Lines through filter, map and select to Parquet, against the same in DuckDB."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median

ROWS = 1_000_000
FEW = 10_000
_MEGABYTE = 1024
"""Kilobytes, in which Linux reports the memory of a process."""

COLUMNS = ["id", "text", "words"]
QUERY = r"""
COPY (
    SELECT id, text, len(regexp_split_to_array(text, '\s+')) AS words FROM 'rows.jsonl' WHERE score >= 1
) TO 'duckdb.parquet'
"""


def measure(rounds: int) -> list[Finding]:
    """Compare the time with DuckDB's, and the memory with that of few rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder / "rows.jsonl", ROWS)
        write_rows(folder / "few.jsonl", FEW)
        ours, theirs, few = [], [], []
        for number in range(rounds):
            ours.append(_in(folder, "make_rows", file="rows.jsonl", run_name=f"many-{number}"))
            theirs.append(_in(folder, "query"))
            few.append(_in(folder, "make_rows", file="few.jsonl", run_name=f"few-{number}"))
    return [
        Finding(
            what="1,000,000 rows through filter, map and select, over DuckDB",
            unit="s",
            found=median(made["seconds"] for made in ours),
            reference=median(made["seconds"] for made in theirs),
            required=20,
            aim=8,
            at_most=True,
        ),
        Finding(
            what="peak memory of that, above that of 10,000 rows",
            unit="MB",
            found=median(made["memory"] for made in ours) - median(made["memory"] for made in few),
            required=80,
            aim=40,
            at_most=True,
        ),
    ]


def write_rows(path: Path, rows: int) -> None:
    """Write short rows, a fifth of which the filter rejects."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            file.write(f'{{"id": {number}, "text": "row {number} has a few words", "score": {number % 5}}}\n')


def make_rows(file: str, run_name: str) -> dict[str, Any]:
    """Take the rows through the steps, and return the seconds and the memory that it took."""
    from seedbed import run
    from seedbed_data import Filter, Map, Select

    steps = Filter(keep="score >= 1") >> Map(make={"words": "text.split() | length"}) >> Select(only=COLUMNS)
    clock = Clock()
    with clock.running():
        made = run(steps, input=file, name=run_name, out="our.parquet")
    if made.failed or not made.accepted:
        raise RuntimeError(str(made))
    return {"seconds": clock.wall, "cpu": clock.cpu, "accepted": made.accepted, "memory": _peak_memory()}


def query() -> dict[str, Any]:
    """Make the same rows in DuckDB, and return the seconds that it took."""
    import duckdb

    clock = Clock()
    with clock.running():
        duckdb.sql(QUERY)
    return {"seconds": clock.wall, "cpu": clock.cpu, "memory": _peak_memory()}


def _in(folder: Path, function: str, **arguments: Any) -> Any:
    return in_child("measures.many_rows", function, folder=folder, **arguments)


def _peak_memory() -> float:
    """Return the most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
