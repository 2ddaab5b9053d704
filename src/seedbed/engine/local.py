"""The built-in engine: one process, one event loop, a sliding window of rows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextvars import Context

from seedbed.engine.engine import Engine, Job
from seedbed.engine.failure import Failure
from seedbed.engine.garbage import rare_collections
from seedbed.engine.resume.gate import ResumeGate
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.resume.manifest import changed_steps, tells_branches_apart
from seedbed.engine.run_loading import Loaded
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.remote_flows import RemoteFlows
from seedbed.engine.segments.segment_runner import SegmentRunner
from seedbed.engine.segments.segments import Segment, segments_of, upstream
from seedbed.engine.segments.window import Window
from seedbed.engine.sources.barriers import Barrier
from seedbed.engine.sources.sampled_columns import check_sampled_columns
from seedbed.engine.stopping.cancellation import is_cancelled
from seedbed.engine.stopping.concerning_all import concerns_all
from seedbed.engine.stopping.spent_before import spent_before
from seedbed.engine.verdicts.log import VerdictLog
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.budget.budget import time_exhausted
from seedbed.llm.calling.gateway import Gateway, Recorder
from seedbed.llm.calling.loop import call_soon
from seedbed.llm.calling.sender import Sender

DRAIN_SECONDS = 10.0
"""Seconds that calls in flight have to finish after the first Ctrl-C."""
# Most answers come within that time, and are paid for in any case; a call to a server that hangs must not
# keep the process. A second Ctrl-C doesn't wait for it.


class LocalEngine(Engine):
    """Takes the rows through the graph of steps, segment by segment.

    `watch` is called with every verdict and `recorder` with every call, both on the loop thread.
    """

    is_ready = False

    def __init__(
        self,
        job: Job,
        *,
        recorder: Recorder | None = None,
        watch: Callable[[ItemOutcome], None] | None = None,
    ) -> None:
        super().__init__(job)
        bounds, prices = job.plan.bounds, job.plan.bounds.prices
        self.budget = bounds.budget(prices, spent_before(job.store, job.plan, prices))
        sender = Sender(
            concurrency=job.plan.concurrency,
            budget=self.budget,
            requests_per_minute=bounds.requests_per_minute,
            tokens_per_minute=bounds.tokens_per_minute,
        )
        self._journal = RunJournal(
            job.store,
            sender.counts,
            prices,
            has_branches=tells_branches_apart(job.store),
            retrying=job.retrying,
            secrets=job.plan.secrets,
        )
        self._sender = sender
        self._gateway = Gateway(sender=sender, recorder=recorder, journal=self._journal)
        self._refused: Exception | None = None
        job.run.calls = self._gateway.counts
        self._watch = watch
        # An object of its own: whatever holds a method of the engine would hold the run's store with it.
        self._interruption = threading.Event()
        self._is_interrupted = self._interruption.is_set
        self._segments = segments_of(job.plan.topology)
        self._gate = ResumeGate(
            self._journal, job.run, changed_steps(job.fingerprints, job.store.last_working_session())
        )
        self._loaded = Loaded(self._gateway, job.plan.seed)
        self._window: Window | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._has_ended = False

    async def make_rows(self) -> bool:
        """Load steps and LLMs, go through all segments, and unload the steps."""
        try:
            await self._prepare()
            with rare_collections():
                await self._go_through_segments()
            if self._refused is not None:
                # What met it has taken it for an interruption.
                raise self._refused
        finally:
            self._end()
            await self._loaded.unload()
        return not self._is_interrupted()

    def drain(self) -> None:
        """Send no more calls, and give those in flight ten seconds to finish."""
        if self._has_ended:
            # Ctrl-C may come while the run closes: a timer set now would outlive the run.
            return
        self._send_no_more()
        if self._window is not None:
            self._window.drain()
        self._later(DRAIN_SECONDS, self._cut_off)

    def cancel(self) -> None:
        """Cancel the calls in flight."""
        self.drain()
        self._cut_off()

    async def _prepare(self) -> None:
        # Not earlier: the session makes its observers when it begins.
        self._journal.observation = self.job.outlets.observation
        plan = self.job.plan
        check_price = self._check_price if plan.bounds.max_cost is not None else None
        await self._loaded.check(plan.backends, check_price)
        await self._load()
        await asyncio.to_thread(check_sampled_columns, plan)
        # Loading the price list takes a quarter of a second, half as much as the rest of a run of one row.
        # The first calls can be answered meanwhile.
        self._journal.prices.look_up_soon([leaf for llm in plan.backends for leaf in llm._leaves])
        self.is_ready = True

    def _check_price(self, llm: BaseBackend) -> None:
        """Check that the price is known, if money is capped; this loads the price list."""
        if self.budget is not None:
            self.budget.check(llm)

    async def _load(self) -> None:
        """Load what this process needs to make rows: here, everything."""
        await self._loaded.load(self.job.plan.backends, self.job.plan.steps)

    async def _go_through_segments(self) -> None:
        loop = asyncio.get_running_loop()
        # A window that is clogged waits for one of these: the writer has caught up, the reader of the rows
        # has, or a permit is free.
        self.job.store.on_commit(lambda _: call_soon(loop, self._wake))
        self.job.outlets.on_room(lambda: call_soon(loop, self._wake))
        self._sender.on_appetite = self._wake
        self._gateway.on_refused = self._stop_at
        # Before the first segment starts, or its first rows would send calls past the gate.
        self._gate.close()
        self._watch_time()
        for segment in self._segments:
            if self._is_interrupted() or (segment.is_barrier and not await self._pass_barrier(segment)):
                break
            part = self._runner(segment)
            self._window = part.window
            # After an error that every row would meet (a wrong key), rows in flight would still send calls.
            # Those that are sent may finish, as after Ctrl-C.
            part.window.on_failure = self.drain
            self._gate.watch(part.window, part.counted)
            if self._is_interrupted():
                # The run was interrupted just as the barrier finished, when there was no window to drain.
                part.window.drain()
            await part.execute()
        self._gate.open()

    def _runner(self, segment: Segment, remote: RemoteFlows | None = None) -> SegmentRunner:
        """Return what takes a segment's items through its steps."""
        return SegmentRunner(
            segment,
            self.job,
            self._journal,
            self._sender,
            watch=self._watch,
            is_interrupted=self._is_interrupted,
            remote=remote,
        )

    async def _pass_barrier(self, segment: Segment) -> bool:
        """Let a step that needs all rows make its rows; return whether it did."""
        assert segment.source is not None
        # The step reads its rows from the store, with a connection that sees only what's committed.
        await asyncio.to_thread(self.job.store.flush)
        topology, name = self.job.plan.topology, segment.name
        kept = [leaf for part in self._segments for leaf in part.kept]
        downstream = [leaf for leaf in kept if name in upstream(topology, leaf)]
        barrier = Barrier(segment.source, self.job.store, self.job.fingerprints[name], downstream)
        try:
            return await asyncio.to_thread(barrier.make, self._is_interrupted)
        except (Exception, asyncio.CancelledError) as error:
            if is_cancelled():
                raise
            if self._is_interrupted():
                # Whatever it raised may come from a call that was cut off: it's pending, not failed.
                return False
            if concerns_all(error):
                raise
            failure = Failure.of("all", name, error, kept_as=name)
            self.job.run.fail(failure)
            # Verdicts of an earlier session are being removed: the log reads what's stored, and must not take
            # them for its own.
            await asyncio.to_thread(self.job.store.flush)
            self._refuse_all(failure, downstream)
            return False

    def _refuse_all(self, failure: Failure, leaves: Sequence[str]) -> None:
        """Note that steps have no rows, all for the same reason."""
        self.job.outlets.begin(leaves)
        for leaf in leaves:
            log = VerdictLog(self.job.store, leaf)
            log.refuse(failure, "failed")
            self.job.decided({leaf: log.count})

    def _wake(self) -> None:
        if self._window is not None:
            self._window.wake()

    def _watch_time(self) -> None:
        """Stop when the run's time is up, even if no call asks for it."""
        left = self.budget.seconds_left if self.budget is not None else None
        if left is not None:
            self._later(left, self._time_is_up)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        # In an empty context: the loop keeps a cancelled timer, and with its context the run, until it's due:
        # with `max_seconds=3600` for an hour.
        timer = asyncio.get_running_loop().call_later(seconds, then, context=Context())
        self._timers.append(timer)

    def _end(self) -> None:
        """Stop everything that belongs to the run: timers, which would stop it later, and calls of threads.

        Callbacks are dropped, so that a run that its caller drops closes its store at once, and not when
        Python next looks for cycles.
        """
        self._has_ended = True
        for timer in self._timers:
            timer.cancel()
        self._gate.end()
        self._gateway.end()
        self._journal.end()
        self.job.outlets.on_room(None)
        self._window = None

    def _time_is_up(self) -> None:
        # An earlier reason stands: a run that was already being interrupted wasn't stopped by its time.
        if self.job.run.stopped_by is None and not self._is_interrupted():
            self.job.run.stopped_by = time_exhausted(self.job.plan.bounds.max_seconds or 0.0)
        self.drain()

    def _stop_at(self, error: Exception) -> None:
        """Stop the run: a call has met an error that every other call would meet."""
        # At once, and not when its row has raised it: by then, the next call would have been sent.
        if not self._is_interrupted():
            self._refused = error
            self.drain()

    def _send_no_more(self) -> None:
        # The flag first: a step in a thread, whose call is cancelled here, asks at once whether it was
        # interrupted. The gate last: calls that wait at it go on to the gateway, which refuses them by then.
        self._interruption.set()
        self._gateway.drain()
        self._journal.open_gate()

    def _cut_off(self) -> None:
        self._gateway.cancel()
        if self._window is not None:
            self._window.cancel()
