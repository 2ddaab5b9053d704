"""What has been counted over all rows of a run, kept until the run has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from seedbed import RunEntry

T = TypeVar("T")

_TIMES = 10
"""Pages about a run that goes on are fetched every second, and counting 300,000 rows takes one. So what took
some time to count is counted again after ten times that at the earliest."""


class _Kept(NamedTuple):
    value: Any
    stamp: tuple[int, ...]
    at: float
    seconds: float


class Remembered:
    """Values by run and name; may be used by several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Without a lock: two threads that count the same at once both come to a right value.
        self._kept: dict[tuple[Path, str], _Kept] = {}

    def of(self, entry: RunEntry, name: str, made: Callable[[], T]) -> T:
        """Return what `made` returns, or returned before if the run hasn't changed since.

            remembered.of(run_entry(folder), "causes", lambda: causes_of(reader))

        While a run goes on, a value may be ten times as old as the time that it took.
        """
        stamp, begun = _stamp(entry.folder / "run.db"), self._clock()
        kept = self._kept.get((entry.folder, name))
        if kept is not None:
            is_recent = entry.holder is not None and begun - kept.at < _TIMES * kept.seconds
            if kept.stamp == stamp or is_recent:
                return cast("T", kept.value)
        value = made()
        now = self._clock()
        self._kept[entry.folder, name] = _Kept(value, stamp, now, now - begun)
        return value


def _stamp(database: Path) -> tuple[int, ...]:
    """Return what changes whenever something is written to a database: of its file, and of its log."""
    marks: list[int] = []
    for path in (database, database.with_name(f"{database.name}-wal")):
        try:
            found = path.stat()
        except OSError:
            found = None
        # Whoever reads a database makes and removes an empty log.
        marks += (found.st_size, found.st_mtime_ns) if found and found.st_size else (0, 0)
    return tuple(marks)
