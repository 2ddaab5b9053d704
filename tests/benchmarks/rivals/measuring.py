"""How fast a program makes rows, and what it does with a run that was killed halfway."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

from tests.benchmarks.nginx import MODEL, nginx
from tests.benchmarks.prompt import TEMPLATE
from tests.benchmarks.rivals.programs import Failed, Installed, environment_of

LONGEST = 240.0
"""Seconds after which a program hangs: the slowest takes less than half of that."""


class Rate(NamedTuple):
    """Rows per second of the run, and what the process took from start to end, imports included."""

    rows_per_second: float
    wall: float
    cpu: float


class Resume(NamedTuple):
    """What a program did with the run that was killed: rows, counted by the server and in its file."""

    answered: float
    """Answered when the process was killed."""
    answered_again: float
    """Of these, how many were asked for again: paid twice."""
    in_flight_again: float
    """In flight at the kill, and asked for again: no program could know their answers."""
    lost: float
    doubled: float


class Counts(NamedTuple):
    """How often each row was asked for and answered."""

    asked: Counter[str]
    answered: Counter[str]


def rate(installed: Installed, rows: int, in_flight: int) -> Rate:
    """Let a program make the rows once."""
    with nginx() as server, tempfile.TemporaryDirectory() as name:
        command = installed.command(**_job(server.late, rows, in_flight))
        begun, before = time.monotonic(), _cpu_of_children()
        with _started(installed, command, Path(name)) as process:
            _wait_for_end(process, Path(name))
        wall, cpu = time.monotonic() - begun, _cpu_of_children() - before
        seconds = json.loads((Path(name) / "printed.txt").read_text().splitlines()[-1])["seconds"]
        if (made := len(set(_numbers(Path(name))))) != rows:
            raise Failed(f"made {made} of {rows} rows")
    return Rate(rows / seconds, wall, cpu)


def resume(installed: Installed, rows: int, in_flight: int) -> Resume:
    """Kill a program with SIGKILL when half of the rows are answered, and do the same again."""
    with nginx() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = installed.command(**_job(server.counted, rows, in_flight))
        with _started(installed, command, folder) as process:
            while len(_counts(server.counts).answered) < rows / 2:
                if process.poll() is not None:
                    raise Failed(f"ended with status {process.returncode} before it was killed")
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGKILL)
            killed = _counts(server.counts)
        with _started(installed, command, folder) as process:
            _wait_for_end(process, folder)
        asked, numbers = _counts(server.counts).asked, Counter(_numbers(folder))
    again = {row for row, times in asked.items() if times > killed.asked[row] > 0}
    return Resume(
        answered=len(killed.answered),
        answered_again=len(again & set(killed.answered)),
        in_flight_again=len(again - set(killed.answered)),
        lost=rows - len(numbers),
        doubled=numbers.total() - len(numbers),
    )


def _job(base_url: str, rows: int, in_flight: int) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "model": MODEL,
        "template": TEMPLATE,
        "rows": rows,
        "in_flight": in_flight,
    }


@contextmanager
def _started(installed: Installed, command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own, of which nothing is left in the end."""
    with (folder / "printed.txt").open("wb") as printed, (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment_of(installed.program),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    # distilabel has processes of its own, which outlive it where it is killed.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for_end(process: subprocess.Popen[bytes], folder: Path) -> None:
    try:
        status = process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        raise Failed(f"was still running after {LONGEST:.0f} s") from None
    if status:
        last = (folder / "errors.txt").read_text(errors="replace").strip().splitlines()[-1:]
        raise Failed(f"ended with status {status}: {''.join(last)}")


def _counts(url: str) -> Counts:
    counts = Counts(Counter(), Counter())
    with urlopen(url) as answer:
        for line in answer.read().decode().splitlines():
            what, row, times = line.split()
            (counts.asked if what == "asked" else counts.answered)[row] = int(times)
    return counts


def _numbers(folder: Path) -> list[int]:
    """Return the numbers of the rows that have a text."""
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    return [row["number"] for row in rows if row["generation"]]
