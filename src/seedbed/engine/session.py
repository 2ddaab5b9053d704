"""One session of a run: from its plan to its dataset, or to where it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from seedbed.engine.engine import Engine, Job
from seedbed.engine.notes import loop_watched
from seedbed.engine.observing.observer import Observer
from seedbed.engine.plan import Plan
from seedbed.engine.resume.fingerprint import digest, way_fingerprint
from seedbed.engine.resume.manifest import BRANCHES, manifest_of, plugins_of, tells_branches_apart
from seedbed.engine.run import Found, Outcome, Run
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.start import Start, made_nothing
from seedbed.engine.stopping.may_pass import may_pass
from seedbed.engine.stopping.pausing import paused
from seedbed.errors import DatasetError, PluginError, SeedbedError, StopRun, StoreError
from seedbed.llm.budget.budget import Budget
from seedbed.llm.calling.loop import call_soon, loop_thread
from seedbed.llm.keys.redaction import redact, showable
from seedbed.plugins.provenance import claims_behind
from seedbed.store import INPUT_TYPES, export_rows, safe_rows
from seedbed.tracebacks import where

_FINISHED = "finished"


class Session:
    """Has an engine make the rows of a job, and does all else that a run is.

    `run` has the counts meanwhile. `drain` and `cancel` come from any thread.
    """

    def __init__(
        self,
        job: Job,
        engine: Engine,
        *,
        out: Path | None = None,
        csv_safe: bool = False,
        order: dict[str, object] | None = None,
        observers: Sequence[Observer] = (),
        start: Start | None = None,
    ) -> None:
        self._job = job
        self._engine = engine
        self._store = job.store
        self._out = out
        self._csv_safe = csv_safe
        self._order = order
        self._observers = observers
        self._start = start
        self._error: BaseException | None = None
        self._mark: bytes | None = None
        self._has_begun = False
        self._task: asyncio.Task[Any] | None = None
        self._is_broken_off = False

    @property
    def plan(self) -> Plan:
        """What is run."""
        return self._job.plan

    @property
    def run(self) -> Run:
        """The run, live while it goes on."""
        return self._job.run

    @property
    def steps(self) -> StepTally:
        """The rows that each step has taken and made, live; empty where the engine does not count them."""
        return self._job.steps

    @property
    def budget(self) -> Budget | None:
        """The caps of the run and what is spent of them, live; None where the engine does not say."""
        return self._engine.budget

    @property
    def is_loading(self) -> bool:
        """Whether the LLMs and steps are still being made ready."""
        return not self._engine.is_ready

    def execute(self) -> Run:
        """Run to the end and return the run; what was made is kept, whatever happens.

        Raises the error that every row would meet where no row was made; otherwise it is the run's
        `stopped_by`.
        """
        return loop_thread().run(self._execute(), twin="aexecute()")

    async def aexecute(self) -> Run:
        """Run to the end, from a coroutine; the asynchronous twin of `execute`."""
        return await loop_thread().arun(self._execute())

    def discard(self) -> None:
        """Close the store of a session that is not executed, and leave no run where there was none."""
        self._store.close()
        if self._start is not None:
            self._start.take_back()

    def drain(self) -> None:
        """Start no more calls, let those in flight finish for at most ten seconds, and end."""
        loop_thread().loop.call_soon_threadsafe(self._stop, self._engine.drain)

    def break_off(self) -> None:
        """End while models and steps are being made ready, which may take long: nothing is in flight yet."""
        loop_thread().loop.call_soon_threadsafe(self._break_off)

    def _break_off(self) -> None:
        self._is_broken_off = True
        if self._task is not None:
            self._task.cancel()

    def cancel(self) -> None:
        """Cancel the calls in flight, and end."""
        loop_thread().loop.call_soon_threadsafe(self._stop, self._engine.cancel)

    def _stop(self, stop: Callable[[], None]) -> None:
        stop()
        if (observation := self._job.outlets.observation) is not None:
            observation.hurry()

    async def _execute(self) -> Run:
        begun = time.monotonic()
        finished = is_given = False
        self._task = asyncio.current_task()
        try:
            if self._is_broken_off:
                raise asyncio.CancelledError
            await self._begin()
            finished = await self._was_finished() or await self._make_rows()
            is_given = True
        except SeedbedError as error:
            self._error = self.run.stopped_by = stopped_by = paused(error)
            is_given = self.run.accepted > 0 or isinstance(stopped_by, StopRun)
            if not is_given:
                raise
        except (OSError, MemoryError):
            raise
        except (Exception, SystemExit, GeneratorExit) as error:
            # A stranger's code may raise anything, and what is broken at its start has made nothing.
            self._error = error
            raise
        finally:
            self.run.seconds = time.monotonic() - begun
            # A cancelled caller must not cut off what keeps the rows.
            await asyncio.shield(self._close(finished, is_given))
            # It holds what it runs, and so this session.
            self._task = None
        return self.run

    async def _begin(self) -> None:
        job, loop = self._job, asyncio.get_running_loop()
        if job.plan.llms and self._start is not None and self._start.goes_on:
            # An LLM may refuse the first call, and what there is stays as it was then.
            self._store.hold()
        number = self._store.begin_session(self._manifest())
        self._has_begun = True
        if (given := job.plan.input) is not None:
            types = await asyncio.to_thread(given.types)
            self._store.set_mark(INPUT_TYPES, types or b"")
        if self._observers:
            from seedbed.engine.observing.delivery import Observation
            from seedbed.engine.observing.observed import ObservedRun

            observed = ObservedRun.of(job.plan, job.run, number)
            if not self._store.is_held:
                await asyncio.to_thread(self._store.flush)
            # It waits for the disk.
            observation = await asyncio.to_thread(Observation, self._observers, self._store, observed)
            job.outlets.observation = observation
            observation.begin(observed.leaves)
        if job.outlets.are_open:
            self._store.on_commit(lambda durable: call_soon(loop, job.outlets.release, durable))

    async def _make_rows(self) -> bool:
        """Have the engine make the rows; say whose code it is where a stranger's one fails."""
        try:
            with loop_watched(self.run):
                return await self._engine.make_rows()
        except Exception as error:
            name = f"{type(self._engine).__module__}.{type(self._engine).__qualname__}"
            if isinstance(error, SeedbedError) or name.startswith("seedbed."):
                raise
            secrets = self.plan.secrets()
            said = redact(f"{type(error).__name__}: {error}", secrets)
            place = where(error)
            raise PluginError(
                f"the engine '{name}' is broken: {said}", *([f"raised in {place}"] if place else [])
            ) from showable(error, secrets)

    def _manifest(self) -> dict[str, Any]:
        engine = type(self._engine)
        return {
            **manifest_of(
                self.plan,
                self._job.fingerprints,
                self._order,
                kept=self._store,
                retrying=self._job.retrying,
            ),
            BRANCHES: tells_branches_apart(self._store),
            "engine": f"{engine.__module__}.{engine.__qualname__}",
            "observers": [
                {"name": one.claim.name, "package": one.claim.owner, "module": one.claim.value}
                for one in self._observers
            ],
            "others": plugins_of(
                [*claims_behind(engine, self.plan.registry), *(one.claim for one in self._observers)]
            ),
        }

    async def _was_finished(self) -> bool:
        """Take over the end of an earlier session of the same run, if there was one."""
        mark = self._mark = await asyncio.to_thread(self._finished_mark)
        if mark is None or self._store.get_mark(_FINISHED) != mark or self._job.retrying:
            return False
        summary = self._store.get_mark("summary")
        assert isinstance(summary, bytes)
        self.run.restore(orjson.loads(summary))
        self.run.found = Found(self.run.accepted, 0, 0, finished=True)
        self._job.outlets.add(0, {}, self._store.rows(self.plan.leaf))
        return True

    def _finished_mark(self) -> bytes | None:
        """Return the digest of all that a finished run followed from; None where it cannot be known."""
        plan = self.plan
        try:
            rows = digest() if plan.input is None else plan.input.digest()
        except OSError:
            return None
        if rows is None:
            return None
        ways = [way_fingerprint(edge) for edge in plan.topology.edges]
        numbers = repr((plan.n, plan.leaf, plan.bounds.max_attempts))
        return digest(*self._job.fingerprints.values(), *ways, numbers.encode(), rows)

    async def _close(self, finished: bool, is_given: bool) -> None:
        """Have all that was made durable, let go of the last rows, and make the dataset's file.

        A run without a folder keeps its store where the caller is given it, whose rows live with it.
        """
        run, is_refused = self.run, False
        try:
            if not self._is_taken_back():
                await asyncio.to_thread(self._store.flush)
            is_refused = not is_given and self._was_refused()
            self._job.outlets.release(self._store.committed)
            if (emission := self._job.outlets.emission) is not None:
                run.stopped_by = run.stopped_by or emission.error
            run.outcome = _outcome(run, finished and run.stopped_by is None)
            await asyncio.to_thread(self._make_dataset, finished)
        except StoreError as error:
            run.stopped_by, run.outcome = error, "stopped"
            self._store.note_stop(str(error))
            # What was on its way when the disk failed is not safe, and is not counted.
            with suppress(StoreError):
                run.accepted = self._store.count_verdicts(self.plan.leaf)["accepted"]
            raise
        finally:
            try:
                await self._tell_outcome()
            finally:
                self._store.end_callbacks()
                if run.folder is not None or not is_given:
                    await asyncio.to_thread(self._store.close)
                if is_refused and self._start is not None:
                    await asyncio.to_thread(self._start.take_back)

    def _is_taken_back(self) -> bool:
        """Whether an error ended the session before it left a trace in a run that was there before."""
        if self._error is None or may_pass(self._error) or not self._store.take_back():
            return False
        self._has_begun = False
        return True

    def _was_refused(self) -> bool:
        """Whether the session ended before anything was worth keeping; the store has been flushed."""
        error = self._error
        return isinstance(error, Exception) and made_nothing(error, self._store, calls=bool(self.plan.llms))

    async def _tell_outcome(self) -> None:
        """Let observers hear of the last rows and of the outcome, which both are durable."""
        observation = self._job.outlets.observation
        if observation is None:
            return
        from seedbed.engine.observing.observed import ObservedOutcome

        if self.run.outcome == "interrupted":
            observation.hurry()
        await asyncio.to_thread(observation.end, ObservedOutcome.of(self.run))

    def _make_dataset(self, finished: bool) -> None:
        run = self.run
        # A run in which every row failed has made no dataset, and takes none away.
        if finished and self._out is not None and (run.accepted or not run.failed):
            self._export(self._out)
            run.out = self._out
        if self._has_begun:
            self._note_end(finished)

    def _export(self, out: Path) -> None:
        types = self._store.get_mark(INPUT_TYPES)
        try:
            export_rows(
                safe_rows(self._store.rows(self.plan.leaf), self._csv_safe),
                out,
                types if types and isinstance(types, bytes) else None,
            )
        except DatasetError as error:
            self.run.stopped_by, self.run.outcome = error, "stopped"
            self._note_end_on_a_disk_that_may_be_full(error)
            raise

    def _note_end_on_a_disk_that_may_be_full(self, error: DatasetError) -> None:
        try:
            if self._has_begun:
                self._note_end(finished=False)
        except StoreError:
            # It is the disk of the run, too, and the first error says more.
            self._store.note_stop(str(error))

    def _note_end(self, finished: bool) -> None:
        summary = self.run.summary()
        # A file that was written to meanwhile may have been read before or after.
        mark = self._mark if finished and self._mark == self._finished_mark() else None
        if mark is not None:
            self._store.set_mark("summary", orjson.dumps(summary))
        self._store.set_mark(_FINISHED, mark or b"")
        self._store.end_session(self.run.outcome, summary)
        self._store.flush()


def _outcome(run: Run, finished: bool) -> Outcome:
    if not finished:
        return "interrupted" if run.stopped_by is None else "stopped"
    # Rows that were wanted, and a filter that let none through, are not the same as an input without rows.
    came_to_nothing = not run.accepted and bool(run.rejected or run.dropped)
    enough = not came_to_nothing if run.wanted is None else run.accepted == run.wanted
    return "complete" if enough and not run.failed else "incomplete"
