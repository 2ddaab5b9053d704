"""Measures the rows of a run as they're decided, and stops it if its condition says so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Self

import orjson

from seedbed.engine.engine import Job
from seedbed.engine.quality.meter import QualityMeter
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.pipeline.stop_condition import StopCondition
from seedbed.store.open_sessions import QUALITY

EVERY = 10
"""Rows after which the figures are computed, and the condition is looked at.

Ten at a time take less time than one by one: in between, other code takes the processor's cache.
"""

KEPT_EVERY = 50
"""Rows after which the figures are kept with the run, for those who look at it from another process."""


class QualityWatch:
    """Takes the verdicts of the dataset's rows in order, and sets `Run.quality`."""

    # In the order of the rows, so the run stops after the same row at any timing, and when it's resumed.

    def __init__(self, job: Job) -> None:
        self._run = job.run
        self._store = job.store
        self._leaf = job.plan.leaf
        self._meter = QualityMeter(job.plan.given_columns())
        text = job.plan.bounds.stop_if
        self._condition = StopCondition(text) if text is not None else None
        self._rows = 0
        self._waiting: list[tuple[bytes, Collection[str]]] = []

    @classmethod
    def of(cls, job: Job) -> Self | None:
        """Return what watches a run; None if no model writes its rows, or if it isn't wanted."""
        return cls(job) if job.plan.bounds.quality and job.plan.writers else None

    def note(self, settled: ItemOutcome) -> None:
        """Measure the rows of an item that has its verdict; raise StopRun if the condition holds."""
        if settled.asked:
            self._meter.note_asking(settled.reasked)
        is_due = False
        for in_flight in settled.rows(self._leaf):
            self._waiting.append((in_flight.encoded, _sampled(in_flight)))
            if len(self._waiting) == EVERY:
                self._measure()
                self._keep()
                is_due = True
        # After all rows of an item: those have their verdicts.
        if is_due and self._condition is not None and self._run.quality is not None:
            self._condition.check(asdict(self._run.quality), self._run.name)

    def end(self) -> None:
        """Measure the last rows, fewer than ten."""
        self._measure()

    def _measure(self) -> None:
        for encoded, sampled in self._waiting:
            self._meter.add(orjson.loads(encoded), sampled)
        self._rows += len(self._waiting)
        self._waiting.clear()
        self._run.quality = self._meter.quality()

    def _keep(self) -> None:
        if self._rows % KEPT_EVERY == 0 and self._run.quality is not None:
            self._store.set_mark(QUALITY, orjson.dumps(self._run.quality.as_json()))


def _sampled(in_flight: InFlight) -> Collection[str]:
    """Return the variables that a row was made from, if a generator sampled them."""
    first = in_flight
    while first.parent is not None:
        first = first.parent
    return first.given or ()
