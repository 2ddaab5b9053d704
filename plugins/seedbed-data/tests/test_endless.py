"""Sources without an end stop where a step has the rows that it wants."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from seedbed import GeneratorOutput, GeneratorStep, Pipeline, Run, get_step, run

QUERY = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"


class Endless(GeneratorStep):
    """Yields numbers with a label, and no end."""

    def process(self, offset: int = 0) -> GeneratorOutput:
        number = offset
        while True:
            yield {"n": number, "label": "abbccc"[number % 6]}
            number += 1


def limited(source: GeneratorStep, rows: int) -> Run:
    return run(Pipeline([source]) >> get_step("limit", rows=rows))


def database(folder: Path) -> Path:
    path = folder / "any.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t (a)")
    return path


def test_an_endless_query_ends_after_the_last_row(tmp_path: Path) -> None:
    done = limited(get_step("sql", query=QUERY, database=database(tmp_path)), 1000)

    assert (done.outcome, done.rejected) == ("complete", 0)
    assert [row["n"] for row in done.rows()] == list(range(1, 1001))


def test_a_long_query_of_duckdb_ends_after_the_last_row() -> None:
    done = limited(get_step("sql", query="SELECT range AS n FROM range(1000000000000)"), 3)
    assert [row["n"] for row in done.rows()] == [0, 1, 2]


def test_a_balance_ends_when_all_its_counts_are_full() -> None:
    done = run(Endless() >> get_step("balance", by="label", counts={"a": 3, "b": 1}))

    assert done.outcome == "complete"
    assert [row["n"] for row in done.rows()] == [0, 1, 6, 12]
    # The rows after the last one wanted were not made; those before it were.
    assert done.rejected == 9


def test_rows_before_a_step_over_all_rows_end_too() -> None:
    pipeline = Endless() >> get_step("limit", rows=9) >> get_step("sort", by="n", descending=True)
    done = run(pipeline >> get_step("limit", rows=2, name="top"))

    assert [row["n"] for row in done.rows()] == [8, 7]


SCRIPT = """
import os, sys
from seedbed import Pipeline, Step, get_step, run

class Dying(Step):
    def process(self, row):
        if row["n"] == int(sys.argv[1]):
            os.kill(os.getpid(), 9)
        return {**row, "double": 2 * row["n"]}

source = get_step("sql", query=sys.argv[2], database="any.sqlite")
rows = int(sys.argv[3])
steps = [Dying(), get_step("filter", keep="n % 3 != 0"), get_step("limit", rows=rows)]
done = run(Pipeline([source]) >> Pipeline(steps), name="it", out="it.jsonl")
print(done.outcome, done.accepted, done.rejected)
"""


@pytest.mark.slow
def test_a_run_over_an_endless_query_that_is_killed_goes_on_to_the_same_rows(tmp_path: Path) -> None:
    database(tmp_path)

    def tried(kill_at: int, rows: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SCRIPT]
        given = [str(kill_at), QUERY, str(rows)]
        return subprocess.run([*command, *given], cwd=tmp_path, capture_output=True, text=True)

    for kill_at in (3000, 6000, 8900):
        assert tried(kill_at, 6000).returncode == -signal.SIGKILL
    for rows in (6000, 6500, 10):
        done = tried(0, rows)
        assert done.stdout.split()[:2] == ["complete", str(rows)], done.stderr
        wanted = [number for number in range(1, 2 * rows) if number % 3][:rows]
        made = [json.loads(line) for line in (tmp_path / "it.jsonl").read_text().splitlines()]
        assert made == [{"n": number, "double": 2 * number} for number in wanted]
