"""One session of a run: from its plan to its dataset, or to the point where it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

from seedbed.engine.engine import Engine, Job
from seedbed.engine.engine_check import check_verdicts, decides_itself, engine_name, is_foreign
from seedbed.engine.engine_needs import check_resumes
from seedbed.engine.failure import hidden_in_reasons
from seedbed.engine.notes import loop_watched
from seedbed.engine.observing.observer import Observer
from seedbed.engine.plan import Plan
from seedbed.engine.resume.finished import FinishedRun
from seedbed.engine.resume.manifest import BRANCHES, manifest_of, plugins_of, tells_branches_apart
from seedbed.engine.run import Run
from seedbed.engine.run_start import Start
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.session_end import SessionEnding
from seedbed.engine.stopping.pausing import paused
from seedbed.engine.timeline import sampled
from seedbed.errors import PluginError, SeedbedError, StopRun
from seedbed.llm.budget.budget import Budget
from seedbed.llm.calling.loop import call_soon, loop_thread
from seedbed.llm.keys.environment_secrets import environment_secrets
from seedbed.llm.keys.redaction import redact_error, redact_message, showable
from seedbed.plugins.provenance import claims_behind
from seedbed.store import INPUT_TYPES, Output
from seedbed.tracebacks import where


class Session:
    """Makes an engine produce the rows of a job, and does everything else that belongs to a run.

        made = open_session(make_plan("qa-pairs", n=10, llm="openai/gpt-4.1-mini"), name="qa").execute()

    `run` has the live counts. `drain` and `cancel` may be called from any thread.
    """

    def __init__(
        self,
        job: Job,
        engine: Engine,
        *,
        outputs: Sequence[Output] = (),
        csv_safe: bool = False,
        order: dict[str, object] | None = None,
        observers: Sequence[Observer] = (),
        start: Start | None = None,
    ) -> None:
        self._job = job
        self._engine = engine
        self._store = job.store
        self._order = order
        self._observers = observers
        self._start = start
        self._finished = FinishedRun(job)
        self._ending = SessionEnding(job, self._finished, outputs=outputs, csv_safe=csv_safe, start=start)
        self._pushes = any(output.push_every for output in outputs)
        self._outputs = outputs
        self._task: asyncio.Task[Any] | None = None
        self._is_broken_off = False
        self._number = 0

    @property
    def plan(self) -> Plan:
        """What is run."""
        return self._job.plan

    @property
    def run(self) -> Run:
        """The run, with live counts."""
        return self._job.run

    @property
    def steps(self) -> StepTally:
        """The rows that each step took and made, live; empty if the engine doesn't count them."""
        return self._job.steps

    @property
    def budget(self) -> Budget | None:
        """The caps of the run and what is spent of them, live; None if the engine doesn't say."""
        return self._engine.budget

    @property
    def is_loading(self) -> bool:
        """Whether LLMs and steps are still being loaded."""
        return not self._engine.is_ready

    def execute(self) -> Run:
        """Run to the end and return the run; the rows made so far are kept, whatever happens.

        Raises an error that every row would meet if no row was made; otherwise it's the run's `stopped_by`.
        """
        return loop_thread().run(self._execute(), twin="aexecute()")

    def begin(self) -> Future[Run]:
        """Start to run, and return the run to come; the loop thread makes it."""
        return asyncio.run_coroutine_threadsafe(self._execute(), loop_thread().loop)

    async def aexecute(self) -> Run:
        """Run to the end, from a coroutine; the asynchronous twin of `execute`."""
        return await loop_thread().arun(self._execute())

    def stop(self) -> None:
        """End soon: let calls in flight finish, or break off the loading of LLMs and steps."""
        # Loading may take minutes, and there's nothing to drain.
        if self.is_loading:
            self.break_off()
        else:
            self.drain()

    def discard(self) -> None:
        """Close the store of a session that isn't executed; if there was no run before, none is left."""
        self._store.close()
        if self._start is not None:
            self._start.take_back()

    def drain(self) -> None:
        """Send no more calls, give those in flight ten seconds to finish, and end."""
        loop_thread().loop.call_soon_threadsafe(self._stop, self._engine.drain)

    def break_off(self) -> None:
        """End while LLMs and steps are being loaded, which may take long; nothing is in flight yet."""
        loop_thread().loop.call_soon_threadsafe(self._break_off)

    def _break_off(self) -> None:
        # It may come before `_execute` has its task: the flag is looked at when that begins.
        self._is_broken_off = True
        if self._task is not None:
            self._task.cancel()

    def cancel(self) -> None:
        """Cancel the calls in flight, and end."""
        loop_thread().loop.call_soon_threadsafe(self._stop, self._engine.cancel)

    def wait_until_drained(self) -> None:
        """Wait until everything that sends calls has heard of `drain` or `cancel`."""
        loop_thread().run(self._engine.drained(), twin="the engine's drained()")

    def _stop(self, stop: Callable[[], None]) -> None:
        stop()
        # Otherwise a slow observer could hold up the end of an interrupted run for minutes.
        if (observation := self._job.outlets.observation) is not None:
            observation.hurry()

    async def _execute(self) -> Run:
        with hidden_in_reasons(self._secrets()):
            return await self._executed()

    def _secrets(self) -> list[str]:
        """Return what no message of the run may show."""
        return [*self.plan.secrets(), *environment_secrets()]

    async def _executed(self) -> Run:
        begun = time.monotonic()
        finished = is_given = False
        self._task = asyncio.current_task()
        try:
            if self._is_broken_off:
                raise asyncio.CancelledError
            await self._begin()
            if not (finished := await self._finished.restore()):
                finished = await self._make_rows()
                await self._check_rows(finished)
            is_given = True
        except SeedbedError as error:
            # Rows that an engine has lost or doubled are no dataset, though it may have come to its end.
            finished = False
            redact_error(error, self._secrets())
            self._ending.error = self.run.stopped_by = stopped_by = paused(error)
            # With rows, or at a cap, the caller gets the run and finds the error in it: raising would hide
            # the rows.
            is_given = self.run.accepted > 0 or isinstance(stopped_by, StopRun)
            if not is_given:
                raise
        except (OSError, MemoryError):
            # A fault of this machine, not of the plan: what the session began stays.
            raise
        except (Exception, SystemExit, GeneratorExit) as error:
            # An author's code may raise anything. If it breaks at the start, no run is left behind.
            self._ending.error = error
            raise
        finally:
            self.run.seconds = time.monotonic() - begun
            await _to_its_end(self._ending.close(finished, is_given))
            # A task holds its coroutine, which holds this session: a cycle.
            self._task = None
        return self.run

    async def _begin(self) -> None:
        job, loop = self._job, asyncio.get_running_loop()
        number = self._number = self._store.begin_session(self._manifest())
        self._ending.has_begun = True
        if (given := job.plan.input) is not None:
            types = await asyncio.to_thread(given.types)
            self._store.set_mark(INPUT_TYPES, types or b"")
        if self._observers:
            from seedbed.engine.observing.delivery import Observation
            from seedbed.engine.observing.observed import ObservedRun

            observed = ObservedRun.of(job.plan, job.run, number)
            # Observers read the store, so the session has to be in it; one that is held may still be taken
            # back.
            if not self._store.is_held:
                await asyncio.to_thread(self._store.flush)
            # In a thread: it waits for the disk.
            observation = await asyncio.to_thread(Observation, self._observers, self._store, observed)
            job.outlets.observation = observation
            observation.begin(observed.leaves)
        if self._pushes:
            # Imported late, like all of observing.
            from seedbed.engine.pushing import Pushing

            self._ending.pushing = await asyncio.to_thread(Pushing, self._store, self._outputs, job.plan)
            self._store.on_commit(self._ending.pushing.notice)
        if job.outlets.are_open:
            # Commits happen on the writer's thread, while rows leave on the loop's, in order.
            self._store.on_commit(lambda durable: call_soon(loop, job.outlets.release, durable))

    async def _make_rows(self) -> bool:
        """Have the engine make the rows; if another package's engine fails, name it."""
        check_resumes(self._engine, self._store)
        await self._finished.check_ids()
        try:
            with loop_watched(self.run), sampled(self.run, self._store.path, self._number):
                return await self._engine.make_rows()
        except Exception as error:
            if isinstance(error, SeedbedError) or not is_foreign(self._engine):
                raise
            secrets = self._secrets()
            said = redact_message(f"{type(error).__name__}: {error}", secrets)
            place = where(error)
            raise PluginError(
                f"{engine_name(self._engine, self.plan.registry)} is broken: {said}",
                *([f"raised in {place}"] if place else []),
            ) from showable(error, secrets)

    async def _check_rows(self, finished: bool) -> None:
        """Raise PluginError if another package's engine, which decides rows itself, lost or doubled some."""
        if decides_itself(self._engine):
            # To its end, as writing the dataset, which comes next: the rows are made.
            await _to_its_end(asyncio.to_thread(check_verdicts, self._engine, finished=finished))

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
            "outputs": [output.path for output in self._outputs],
            "engine": f"{engine.__module__}.{engine.__qualname__}",
            "observers": [
                {"name": one.claim.name, "package": one.claim.owner, "module": one.claim.value}
                for one in self._observers
            ],
            "others": plugins_of(
                [*claims_behind(engine, self.plan.registry), *(one.claim for one in self._observers)]
            ),
        }


async def _to_its_end(closing: Coroutine[Any, Any, None]) -> None:
    """Await what keeps the rows to its end; if this task is cancelled meanwhile, it's so afterwards."""
    # Not only shielded: the caller would take a run for ended whose dataset is still being written, and find
    # it locked by its own process when it resumes it.
    task, cancelled = asyncio.ensure_future(closing), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
