"""Runs that had finished: if nothing has changed since, a session takes over their counts."""

from __future__ import annotations

from typing import Any

import orjson

from seedbed.engine.engine import Job
from seedbed.engine.resume.fingerprint import digest, way_fingerprint
from seedbed.engine.resume.found import Found
from seedbed.engine.resume.input_digest import InputDigest
from seedbed.engine.sources.id_checks import check_ids_of_input
from seedbed.llm.calling.loop import off_loop
from seedbed.store.stored_json import kept_json

_FINISHED = "finished"
_SUMMARY = "summary"
_IDS_CHECKED = "ids checked"

_PATIENCE = 1.0
"""Seconds that a run waits at its end, at least, until its input has been read."""


class FinishedRun:
    """The mark that a finished run leaves in its store: a digest of everything that its rows follow from."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._mark: bytes | None = None
        self._are_ids_checked = False
        # Rows in memory aren't digested: they may be an iterator, which can be read only once.
        given = job.plan.input
        self._input = InputDigest(given) if given is not None and given.files is not None else None

    async def restore(self) -> bool:
        """Take over the counts of an earlier session that finished this same run; return whether one did."""
        job, store = self._job, self._job.store
        if self._input is not None:
            marks = store.get_mark(_FINISHED) or store.get_mark(_IDS_CHECKED)
            is_first = not (marks or job.checkpoint.is_in(store))
            may_go_on = self._input.begin(self._note_mark)
            if is_first and may_go_on:
                # There's nothing to find, so the first row needn't wait until a large file has been read.
                return False
            await off_loop(self._input.known)
        elif job.plan.input is None:
            self._note_mark(digest())
        mark, finished = self._mark, store.get_mark(_FINISHED)
        if mark is None or finished != mark or job.retrying:
            if finished:
                # Before anything changes. If this session is killed, with more rows or other prompts, the one
                # after it may be what had finished, and would take the rows that are left for its own.
                store.set_mark(_FINISHED, b"")
            return False
        summary = store.get_mark(_SUMMARY)
        assert isinstance(summary, bytes)
        job.run.restore(orjson.loads(summary))
        job.run.found = Found(job.run.accepted, 0, 0, finished=True)
        # The rows leave for standard output again: whoever pipes the command expects all of them each time.
        job.outlets.add_finished(store.rows(job.plan.leaf))
        return True

    async def check_ids(self) -> None:
        """Look at the ids of the input, unless an earlier session has; raises DatasetError for wrong ones."""
        if self._mark is None or self._job.store.get_mark(_IDS_CHECKED) != self._mark:
            await check_ids_of_input(self._job.plan)
        self._are_ids_checked = self._job.plan.id_columns is not None

    def note(self, finished: bool, summary: dict[str, Any]) -> None:
        """Note whether this session finished the run, for the next one."""
        mark = self._final_mark() if finished else None
        self.end()
        store = self._job.store
        if mark is not None:
            store.set_mark(_SUMMARY, kept_json(summary))
        store.set_mark(_FINISHED, mark or b"")
        if self._are_ids_checked and self._mark is not None:
            store.set_mark(_IDS_CHECKED, self._mark)

    def end(self) -> None:
        """Read the input no further."""
        if self._input is not None:
            self._input.end()

    def _final_mark(self) -> bytes | None:
        """Return the mark of this session; None if it isn't certain which input its rows are from."""
        if self._input is not None:
            # A run that takes a few rows of a large file doesn't wait until all of it has been read.
            self._input.known(within=max(_PATIENCE, self._job.run.seconds))
            # The next session has to look at all rows of an input that changed during this one.
            if self._mark is not None and self._input.has_changed():
                return None
        return self._mark

    def _note_mark(self, rows: bytes) -> None:
        """Note the mark that follows from the digest of the input."""
        job, plan = self._job, self._job.plan
        ways = [way_fingerprint(edge) for edge in plan.topology.edges]
        said = repr((plan.leaf, plan.bounds.max_attempts))
        if plan.id_columns is not None:
            said += f" {plan.id_columns.names}"
        if plan.bounds.shard is not None:
            said += f" {plan.bounds.shard}"
        same_rows = digest(*job.fingerprints.values(), *ways, said.encode(), rows)
        self._mark = digest(same_rows, repr(plan.n).encode())
        # A checkpoint counts rows of the input, and a shard has only some of them.
        job.checkpoint.key = same_rows if plan.bounds.shard is None else None
