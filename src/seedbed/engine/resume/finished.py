"""Runs that had finished: if nothing has changed since, a session takes over their counts."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from seedbed.engine.engine import Job
from seedbed.engine.resume.fingerprint import digest, way_fingerprint
from seedbed.engine.resume.found import Found
from seedbed.store.stored_json import kept_json

_FINISHED = "finished"
_SUMMARY = "summary"


class FinishedRun:
    """The mark that a finished run leaves in its store: a digest of everything that its rows follow from."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._mark: bytes | None = None

    async def restore(self) -> bool:
        """Take over the counts of an earlier session that finished this same run; return whether one did."""
        job, store = self._job, self._job.store
        # In a thread: the input is read from end to end.
        mark = self._mark = await asyncio.to_thread(self._current_mark)
        # A checkpoint counts rows of the input, and a shard has only some of them.
        job.checkpoint.key = mark if job.plan.bounds.shard is None else None
        if mark is None or store.get_mark(_FINISHED) != mark or job.retrying:
            return False
        summary = store.get_mark(_SUMMARY)
        assert isinstance(summary, bytes)
        job.run.restore(orjson.loads(summary))
        job.run.found = Found(job.run.accepted, 0, 0, finished=True)
        # The rows leave for standard output again: whoever pipes the command expects all of them each time.
        job.outlets.add(0, {}, store.rows(job.plan.leaf))
        return True

    def note(self, finished: bool, summary: dict[str, Any]) -> None:
        """Note whether this session finished the run, for the next one."""
        store = self._job.store
        # Computed again: if the input changed during the session, nobody knows which version its rows are
        # from, and the next session has to look at all of them.
        mark = self._mark if finished and self._mark == self._current_mark() else None
        if mark is not None:
            store.set_mark(_SUMMARY, kept_json(summary))
        store.set_mark(_FINISHED, mark or b"")

    def _current_mark(self) -> bytes | None:
        """Return the digest of everything that the rows of a finished run follow from; None if unknown."""
        plan = self._job.plan
        try:
            rows = digest() if plan.input is None else plan.input.digest()
        except OSError:
            # Reading the input itself says what's wrong with it.
            return None
        if rows is None:
            # Rows in memory aren't digested: they may be an iterator, which can be read only once.
            return None
        ways = [way_fingerprint(edge) for edge in plan.topology.edges]
        numbers = repr((plan.n, plan.leaf, plan.bounds.max_attempts))
        if plan.bounds.shard is not None:
            numbers += f" {plan.bounds.shard}"
        return digest(*self._job.fingerprints.values(), *ways, numbers.encode(), rows)
