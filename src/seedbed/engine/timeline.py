"""How a run went over time, sampled into a file next to its database: for people, never for the dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from seedbed.engine.run import Run
from seedbed.store.run_file import TIMELINE

SECONDS = 1.0
"""Seconds before the first sample, so that a short run writes none."""

_SHARE = 1 / 300
"""Later samples are further apart: by this share of the time so far. A run of a day has some 2,000."""


@contextmanager
def sampled(run: Run, database: Path, session: int) -> Iterator[None]:
    """Write samples of a run's counts while the block goes on, from the event loop that it's on."""
    timeline = _Timeline(run, database.with_name(TIMELINE), session)
    timeline.start()
    try:
        yield
    finally:
        timeline.end()


class _Timeline:
    """One line of JSON for each sample: seconds since the session began, and the counts at that moment."""

    def __init__(self, run: Run, path: Path, session: int) -> None:
        self._run = run
        self._path = path
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._has_written = False

    def start(self) -> None:
        self._timer = self._loop.call_later(SECONDS, self._tick)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._has_written:
            self._write()

    def _tick(self) -> None:
        if self._write():
            elapsed = self._loop.time() - self._begun
            self._timer = self._loop.call_later(max(SECONDS, elapsed * _SHARE), self._tick)

    def _write(self) -> bool:
        """Append a sample; return whether that went well: nothing depends on it, so a full disk ends it."""
        try:
            with self._path.open("ab") as file:
                file.write(orjson.dumps(self._sample()) + b"\n")
        except OSError:
            return False
        self._has_written = True
        return True

    def _sample(self) -> dict[str, Any]:
        run, calls = self._run, self._run.calls
        return {
            "session": self._session,
            "seconds": round(self._loop.time() - self._begun, 3),
            "accepted": run.accepted,
            "rejected": run.rejected,
            "failed": run.failed,
            "calls": calls.answered,
            "call_seconds": round(calls.seconds, 3),
            "in_flight": calls.in_flight,
            "retried": calls.retried,
            "rate_limited": calls.refused,
            "input_tokens": calls.usage.input_tokens,
            "output_tokens": calls.usage.output_tokens,
            "cost": calls.cost,
        }
