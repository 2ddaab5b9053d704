"""A run that was begun as another one and ended halfway is, as the first one again, what that one was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import ClassVar

import orjson
import pytest

from seedbed import GlobalStep, Row, Step, StopRun, run
from seedbed.engine.resume.checkpoint import EVERY
from seedbed.store import RunReader, runs_folder

ROOT = str(Path(__file__).parents[3])


class Reversed(GlobalStep):
    """Yields the rows in the opposite order, up to one that stops the run."""

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        for row in reversed([*rows]):
            if row["n"] < 0:
                raise StopRun("enough")
            yield row


def numbers(count: int, first: int = 0) -> list[Row]:
    return [{"n": n} for n in range(first, first + count)]


def test_a_set_of_rows_of_which_half_was_made_is_not_taken_for_the_one_before() -> None:
    def made(rows: list[Row]) -> list[int]:
        return [row["n"] for row in run(Reversed(), input=rows, name="reversed").rows()]

    first = made(numbers(20))
    assert made([{"n": -1}, *numbers(10, first=50)]) == []
    assert made(numbers(20)) == first


class Times(Step):
    """Multiplies, and kills the process at a row."""

    # Checkpoints are of runs whose steps can go on in the middle.
    repeatable: ClassVar[bool] = True

    factor: int = 1
    killed_at: int = -1

    def process(self, row: Row) -> Row:
        if row["n"] == self.killed_at:
            wait_until_kept(self.factor)
            os.kill(os.getpid(), signal.SIGKILL)
        return {"n": row["n"] * self.factor}


def wait_until_kept(factor: int) -> None:
    """Wait until rows of this session are on the disk."""
    kept: list[bytes] = []
    while kept[1:] != [b'{"n":%d}' % factor]:
        time.sleep(0.01)
        with RunReader.open(runs_folder() / "times") as reader:
            kept = [*islice(reader.rows("times"), 2)]


def multiplied(path: str, factor: int, killed_at: int = -1) -> list[int]:
    made = run(Times(factor=factor, killed_at=killed_at), input=path, name="times")
    return [row["n"] for row in made.rows()]


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("killed_at", [1000, EVERY + 500])
def test_rows_of_a_file_that_a_killed_run_decided_do_not_count(tmp_path: Path, killed_at: int) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, numbers(2 * EVERY + 100))))
    first = multiplied(str(path), 2)
    program = f"from {__name__} import multiplied; multiplied({str(path)!r}, 3, {killed_at})"
    killed = subprocess.run(
        [sys.executable, "-c", program], cwd=Path.cwd(), env=os.environ | {"PYTHONPATH": ROOT}
    )
    assert killed.returncode == -signal.SIGKILL
    assert multiplied(str(path), 2) == first
