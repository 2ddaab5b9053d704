"""Items as they're sent to workers, with what the run already has for them."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.engine.engine import Job
from seedbed.engine.segments.segments import Segment, segments_of
from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.run_messages import ItemParcel, StoredAnswer
from seedbed.store import Result
from seedbed.store.refused_rows import kept_step


class Parcels:
    """Packs items; in a run that has results or answers, with those of the item and of what it became."""

    def __init__(self, job: Job) -> None:
        self._store = job.store
        self._segments = segments_of(job.plan.topology)
        self._has_results = job.store.has_results()
        self._has_calls = job.store.has_calls()
        self._steps: tuple[str, ...] = ()

    def begin(self, segment: Segment) -> int:
        """Pack items of this segment from now on; return its number."""
        self._steps = tuple(node.name for node in segment.nodes)
        return [one.name for one in self._segments].index(segment.name)

    def look(self) -> None:
        """Look for results and answers from now on: of a worker that was lost, some are in the store."""
        self._has_results = self._has_calls = True

    def of(self, item: Item, number: int, position: int) -> ItemParcel:
        """Return an item as it's sent."""
        row = item.in_flight
        return ItemParcel(
            number,
            position,
            item.id,
            row.id,
            row.encoded,
            row.node,
            row.source,
            row.k,
            row.given,
            row.place,
            list(self._results(row.id)) if self._has_results else (),
            list(self._answers(row.id)) if self._has_calls else (),
        )

    def _results(self, row: str) -> Iterator[Result]:
        for step in self._steps:
            # What is kept of a refused row is replaced only by what says more.
            for name in (step, kept_step(step)):
                if (result := self._store.result_of(name, row)) is not None:
                    yield result
                yield from self._store.descendants(name, row)

    def _answers(self, row: str) -> Iterator[StoredAnswer]:
        for step in self._steps:
            for call in self._store.answers_below(step, row):
                yield StoredAnswer(step, *call)
