"""A run over a file goes on after the rows that it had decided, and doesn't parse them again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engine.durability.checkpoint_steps import Judge, Trim

from seedbed import Run, run
from seedbed.engine.resume.checkpoint import EVERY
from seedbed.engine.sources.input_rows import _LOOKED_AT
from seedbed.store import RunReader

# Each row stands there three times, far apart: a resumed run has to know which ones it has seen.
ROWS = [{"n": n % 1000, "text": f" row {n % 1000} "} for n in range(3000)]


@contextmanager
def parsed() -> Iterator[Counter[str]]:
    """Count the lines that are parsed, and the rows that Arrow's values become, on every thread."""
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, given: Any) -> None:
        if event == "call" and frame.f_code.co_name in ("_row_of_line", "_decoded"):
            calls["rows"] += 1

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield calls
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


def written(folder: Path, kind: str, rows: list[dict[str, Any]] = ROWS) -> Path:
    path = folder / f"rows.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=250)
    else:
        path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return path


def made(path: Path, out: str, **options: Any) -> Run:
    return run(Trim() >> Judge(), input=path, out=out, give_up_after=0, **options)


def said(one: Run) -> Any:
    assert one.folder is not None
    with RunReader.open(one.folder) as kept:
        verdicts = [(verdict.row, verdict.verdict, verdict.step) for verdict in kept.verdicts("judge")]
    return (
        verdicts,
        one.accepted,
        one.failed,
        one.rejected,
        one.reasons,
        one.rejections,
        [failure._replace(kept_as="") for failure in one.failures],
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_RUNS", str(tmp_path / "runs"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_rows_that_were_decided_are_not_parsed_again(folder: Path, kind: str) -> None:
    path = written(folder, kind)
    whole = made(path, "whole.jsonl", name="whole")
    stopped = made(path, "half.jsonl", name="half", max_failures=45)
    decided = stopped.accepted + stopped.failed + stopped.rejected
    with parsed() as calls:
        resumed = made(path, "half.jsonl", name="half")

    assert stopped.outcome == "stopped"
    assert 1000 < decided < 2500
    # The first rows are looked at for the names of their columns.
    assert calls["rows"] <= len(ROWS) - decided + _LOOKED_AT
    assert said(resumed) == said(whole)
    assert (folder / "half.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()


@pytest.mark.slow
def test_nor_are_those_with_ids_of_their_own(folder: Path) -> None:
    path = written(folder, "jsonl", [{**row, "id": number} for number, row in enumerate(ROWS)])
    stopped = made(path, "half.jsonl", name="half", id="id", max_failures=45)
    with parsed() as calls:
        resumed = made(path, "half.jsonl", name="half", id="id")

    assert calls["rows"] <= len(ROWS) - stopped.accepted - stopped.failed - stopped.rejected + _LOOKED_AT
    assert [verdict[0] for verdict in said(resumed)[0]] == [str(number) for number in range(len(ROWS))]


@pytest.mark.slow
def test_another_file_is_read_from_its_beginning(folder: Path) -> None:
    made(written(folder, "jsonl"), "half.jsonl", name="half", max_failures=45)
    other = written(folder, "jsonl", [{"n": 5000, "text": "new"}, *ROWS])
    resumed = made(other, "half.jsonl", name="half")
    whole = made(other, "whole.jsonl", name="whole")
    assert said(resumed) == said(whole)
    assert (folder / "half.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()


@pytest.mark.slow
def test_failed_rows_before_it_are_retried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(folder, "jsonl")
    stopped = made(path, "half.jsonl", name="half", max_failures=45)
    monkeypatch.setenv("JUDGE_FAILS", "no")
    resumed = made(path, "half.jsonl", name="half", retry=True)
    assert stopped.failed == 46
    assert (resumed.failed, resumed.outcome) == (0, "complete")


PROGRAM = """
import sys
from pathlib import Path
from tests.engine.durability.test_checkpoint import made
made(Path("rows.jsonl"), "half.jsonl", name="half")
"""


@pytest.mark.slow
def test_a_run_that_is_killed_after_a_checkpoint_comes_to_the_same_dataset(folder: Path) -> None:
    rows = [{"n": n % 3000, "text": f" row {n % 3000} "} for n in range(4 * EVERY)]
    path = written(folder, "jsonl", rows)
    made(path, "whole.jsonl", name="whole")
    root = str(Path(__file__).parents[3])
    for at in (2 * EVERY + 7, EVERY + 900, 300, 0):
        environment = {**os.environ, "PYTHONPATH": root, "JUDGE_KILLS_AT": str(at)}
        ended = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=False)
        assert ended.returncode == (-signal.SIGKILL if at else 0)
    assert (folder / "half.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()
