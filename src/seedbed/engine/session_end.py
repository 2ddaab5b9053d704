"""The end of a session: everything durable, the dataset written, the outcome noted, the store closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING

from seedbed.engine.engine import Job
from seedbed.engine.resume.finished import FinishedRun
from seedbed.engine.run import Outcome, Run
from seedbed.engine.run_start import Start, made_nothing
from seedbed.engine.stopping.may_pass import may_pass
from seedbed.errors import DatasetError, SeedbedError, StoreError, UsageError
from seedbed.llm.calling.loop import off_loop
from seedbed.store import Output
from seedbed.store.dataset_writing import export

if TYPE_CHECKING:
    from seedbed.engine.pushing import Pushing


class SessionEnding:
    """Ends a session, whatever became of it.

    `has_begun` says that the session is noted in the store, `error` is what ended it early, `pushing` what
    uploads the dataset meanwhile; the session sets them.
    """

    def __init__(
        self,
        job: Job,
        finished: FinishedRun,
        *,
        outputs: Sequence[Output],
        csv_safe: bool,
        start: Start | None,
    ) -> None:
        self._job = job
        self._run = job.run
        self._store = job.store
        self._finished = finished
        self._outputs = outputs
        self._csv_safe = csv_safe
        self._start = start
        self.has_begun = False
        self.error: BaseException | None = None
        self.pushing: Pushing | None = None

    async def close(self, finished: bool, is_given: bool) -> None:
        """Make everything durable, release the last rows, write the dataset, and close the store.

        If the run has no folder and is given to the caller (`is_given`), its store stays open for
        `Run.rows()`.
        """
        run, is_refused = self._run, False
        try:
            # The order is that of invariant 6: first the disk has everything, then the last rows leave, then
            # the dataset is made from what's stored, and observers get the outcome last.
            if not self._is_taken_back():
                await off_loop(self._store.flush)
            is_refused = not is_given and self._was_refused()
            # The flush's own notice may still be waiting for its turn of the loop.
            self._job.outlets.release(self._store.committed)
            if (emission := self._job.outlets.emission) is not None:
                run.stopped_by = run.stopped_by or emission.error
            run.outcome = _outcome(run, finished and run.stopped_by is None)
            # In a thread: the loop also serves the other runs of this process.
            await asyncio.to_thread(self._make_dataset, finished)
        except StoreError as error:
            self._count_what_is_safe(error)
            raise
        finally:
            try:
                await self._tell_outcome()
            finally:
                await self._let_go(is_given, is_refused)

    async def _let_go(self, is_given: bool, is_refused: bool) -> None:
        # The writer's thread holds the callbacks, and these the run: an unnamed run that kept them leaked a
        # thread, a folder and six descriptors.
        self._store.end_callbacks()
        self._finished.end()
        if self._run.folder is not None or not is_given:
            await off_loop(self._store.close)
        # After closing: on some systems an open file can't be removed.
        if is_refused and self._start is not None:
            await off_loop(self._start.take_back)

    def _count_what_is_safe(self, error: StoreError) -> None:
        """Note that the disk failed, and count only the rows that are on it."""
        run = self._run
        run.stopped_by, run.outcome = error, "stopped"
        self._store.note_stop(str(error))
        # Additions that were waiting when the disk failed are lost, so their rows don't count.
        with suppress(StoreError):
            run.accepted = self._store.count_verdicts(self._job.plan.leaf)["accepted"]

    def _is_taken_back(self) -> bool:
        """Whether an error ended the session before it left a trace in a run that existed before."""
        if self.error is None or may_pass(self.error) or not self._store.take_back():
            return False
        self.has_begun = False
        return True

    def _was_refused(self) -> bool:
        """Whether the session ended before anything was worth keeping; the store has been flushed."""
        error, calls = self.error, bool(self._job.plan.backends)
        return isinstance(error, Exception) and made_nothing(error, self._store, calls=calls)

    async def _tell_outcome(self) -> None:
        """Notify observers of the last rows and the outcome, which are both durable."""
        observation = self._job.outlets.observation
        if observation is None:
            return
        # Imported late, like all of observing: a run without observers starts without it.
        from seedbed.engine.observing.observed import ObservedOutcome

        if self._run.outcome == "interrupted":
            observation.hurry()
        await off_loop(lambda: observation.end(ObservedOutcome.of(self._run)))

    def _make_dataset(self, finished: bool) -> None:
        run = self._run
        if self.pushing is not None:
            self.pushing.end(finished)
        # If every row failed, an existing file stays: an empty dataset would replace a good one.
        if finished and (run.accepted or not run.failed):
            for output in self._outputs:
                if (kept := self._kept_for_want_of_rows(output)) is not None:
                    run.odd.append(kept)
                    run.outcome = "incomplete"
                    continue
                run.odd += self._export(output)
                run.outputs.append(output.path)
            if self.pushing is not None:
                self.pushing.note_end()
        if self.has_begun:
            if run.folder is not None and not self._store.is_in_place:
                run.odd.append(
                    f"the run's folder '{run.folder}' was moved, removed or replaced while the run went on\n"
                    "  unless it was moved back, the run can't be resumed, retried or exported from there"
                )
            self._note_end(finished)

    def _kept_for_want_of_rows(self, output: Output) -> str | None:
        """Return what to say if there are no rows, and those of an earlier dataset would be lost."""
        # Mostly an input that another program has just begun to write, or failed to.
        plan = self._job.plan
        if len(self._store.rows(output.leaf or plan.leaf)):
            return None
        if output.file is None:
            return f"nothing was pushed to '{output.path}': there are no rows"
        # Imported late: most runs have rows.
        from seedbed.store.rows_there import has_rows

        if not has_rows(output.file, plan.registry):
            return None
        return (
            f"'{output.path}' was not replaced: it isn't empty, and there are no new rows\n"
            "  remove it first if the dataset is to be without rows"
        )

    def _export(self, output: Output) -> list[str]:
        plan = self._job.plan
        try:
            return export(
                self._store,
                output,
                output.leaf or plan.leaf,
                seed=plan.seed,
                csv_safe=self._csv_safe,
                registry=plan.registry,
            ).notes
        except (DatasetError, UsageError) as error:
            if output.scheme and self.has_begun and self._run.folder is not None:
                raise self._unpushed(output, error) from error
            self._run.stopped_by, self._run.outcome = error, "stopped"
            self._note_end_on_a_disk_that_may_be_full(error)
            raise

    def _unpushed(self, output: Output, error: SeedbedError) -> DatasetError:
        """Note the end of a run that is as complete as without the upload, and say how to repeat that."""
        self._note_end(finished=True)
        again = f"seedbed runs push {quote(self._run.name)} {quote(output.path)}"
        unpushed = DatasetError(error.fact, *error.advice, f"the run is kept, with all its rows: {again}")
        unpushed.is_of_place = isinstance(error, DatasetError) and error.is_of_place
        return unpushed

    def _note_end_on_a_disk_that_may_be_full(self, error: SeedbedError) -> None:
        try:
            if self.has_begun:
                self._note_end(finished=False)
        except StoreError:
            # The run is on the same full disk. The first error says more than this one.
            self._store.note_stop(str(error))

    def _note_end(self, finished: bool) -> None:
        summary = self._run.summary()
        self._finished.note(finished, summary)
        self._store.end_session(self._run.outcome, summary)
        self._store.flush()


def _outcome(run: Run, finished: bool) -> Outcome:
    if not finished:
        return "interrupted" if run.stopped_by is None else "stopped"
    # An input without rows is complete without rows; a filter that let none of its rows through isn't.
    came_to_nothing = not run.accepted and bool(run.rejected or run.dropped)
    is_short = came_to_nothing or run.tried or run.gathered is not None or run.missing
    enough = not is_short if run.wanted is None else run.accepted == run.wanted
    return "complete" if enough and not run.failed else "incomplete"
