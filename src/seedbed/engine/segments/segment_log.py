"""The verdicts of a segment: on the rows of each step that the run keeps."""

from __future__ import annotations

from collections.abc import Mapping

from seedbed.engine.engine import Job
from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.segments import Segment, upstream
from seedbed.engine.verdicts.log import RefusedAs, VerdictLog


class SegmentLog:
    """Has a log for each step whose rows the run keeps.

    `first` and `has_blocks` are those of `VerdictLog`.
    """

    def __init__(self, segment: Segment, job: Job, first: int, *, has_blocks: bool) -> None:
        self._logs = {
            name: VerdictLog(job.store, name, first, has_blocks=has_blocks) for name in segment.kept
        }
        self._upstream = {name: upstream(job.plan.topology, name) for name in segment.kept}

    def of(self, name: str) -> VerdictLog:
        """Return the log of a step."""
        return self._logs[name]

    def counts(self) -> dict[str, int]:
        """Return how many verdicts each log has."""
        return {name: log.count for name, log in self._logs.items()}

    def accept(self, made: Mapping[str, list[InFlight]]) -> None:
        """Accept the rows of an item, by the step that made them."""
        for name, rows in made.items():
            self._logs[name].accept(rows)

    def refuse(self, failure: Failure, verdict: RefusedAs) -> None:
        """Note why a row didn't reach the leaves downstream of the step that refused it."""
        for name, log in self._logs.items():
            if failure.step in self._upstream[name]:
                log.refuse(failure, verdict)

    def refuse_all(self, failure: Failure) -> None:
        """Note why no more rows come."""
        for log in self._logs.values():
            log.refuse(failure, "failed")

    def end(self) -> None:
        """Remove the stored verdicts after those of this session, see `VerdictLog.end`."""
        for log in self._logs.values():
            log.end()
