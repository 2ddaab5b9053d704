"""One session of a run: from its plan to its dataset, or to where it stops."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from seedbed.engine.barriers import Barrier
from seedbed.engine.collection import rare_collections
from seedbed.engine.emission import Emission
from seedbed.engine.executions import concerns_all
from seedbed.engine.failure import Failure
from seedbed.engine.fingerprint import digest, step_fingerprint, way_fingerprint
from seedbed.engine.gate import Gate
from seedbed.engine.journal import RunJournal
from seedbed.engine.llms import replace_llms
from seedbed.engine.manifest import changed_steps, manifest_of
from seedbed.engine.plan import Plan
from seedbed.engine.run import Found, Outcome, Run
from seedbed.engine.segment_run import SegmentRun, Workshop
from seedbed.engine.segments import Segment, segments_of, upstream
from seedbed.engine.settled import Settled
from seedbed.engine.verdicts import VerdictLog
from seedbed.engine.window import Window
from seedbed.errors import SeedbedError, StopRun, StoreError
from seedbed.llm.budget import Budget, time_exhausted
from seedbed.llm.gateway import Gateway
from seedbed.llm.llm import LLM
from seedbed.llm.loop import loop_thread
from seedbed.llm.redaction import redact, redact_error, showable
from seedbed.llm.response import Usage
from seedbed.llm.scope import CallScope
from seedbed.store import RunStore, export_rows
from seedbed.tasks.steps import BaseStep

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0

_FINISHED = "finished"


class Session:
    """Runs a plan on its store; `run` has the counts meanwhile. `drain` and `cancel` come from any thread."""

    def __init__(
        self,
        plan: Plan,
        run: Run,
        store: RunStore,
        *,
        gateway: Gateway,
        journal: RunJournal,
        budget: Budget | None = None,
        out: Path | None = None,
        emission: Emission | None = None,
        watch: Callable[[Settled], None] | None = None,
        order: dict[str, object] | None = None,
    ) -> None:
        self.plan = plan
        self.run = run
        self._store = store
        self._out = out
        self._gateway = gateway
        self._budget = budget
        self._order = order
        fingerprints = {step.name: step_fingerprint(step, plan.seed) for step in plan.steps}
        self._shop = Workshop(plan, run, store, journal, fingerprints, emission, watch)
        self._changed = changed_steps(fingerprints, store.last_session())
        self._segments = segments_of(plan.topology)
        self._gate = Gate(journal, run, self._changed)
        self._loaded: list[BaseStep] = []
        self._window: Window | None = None
        self._is_ready = False
        run.calls = gateway.counts

    @property
    def is_loading(self) -> bool:
        """Whether the LLMs and steps are still being made ready."""
        return not self._is_ready

    def execute(self) -> Run:
        """Run to the end and return the run; what was made is kept, whatever happens.

        Raises the error that every row would meet where no row was made; otherwise it is the run's
        `stopped_by`.
        """
        return loop_thread().run(self._execute(), twin="aexecute()")

    async def aexecute(self) -> Run:
        """Run to the end, from a coroutine; the asynchronous twin of `execute`."""
        return await loop_thread().arun(self._execute())

    def drain(self) -> None:
        """Start no more calls, let those in flight finish for at most ten seconds, and end."""
        loop_thread().loop.call_soon_threadsafe(self._drain)

    def cancel(self) -> None:
        """Cancel the calls in flight, and end."""
        loop_thread().loop.call_soon_threadsafe(self._cancel)

    async def _execute(self) -> Run:
        begun = time.monotonic()
        finished = False
        try:
            self._store.begin_session(manifest_of(self.plan, self._shop.fingerprints, self._order))
            if not await self._was_finished():
                await self._prepare()
                with rare_collections():
                    await self._go_through_segments()
            finished = not self._shop.interrupted
        except SeedbedError as error:
            self.run.stopped_by = error
            if not self.run.accepted and not isinstance(error, StopRun):
                raise
        finally:
            await self._unload()
            self.run.seconds = time.monotonic() - begun
            # A cancelled caller must not cut off what keeps the rows.
            await asyncio.shield(self._close(finished))
        return self.run

    async def _was_finished(self) -> bool:
        """Take over the end of an earlier session of the same run, if there was one."""
        mark = await asyncio.to_thread(self._finished_mark)
        if mark is None or self._store.get_mark(_FINISHED) != mark or self._shop.journal.retrying:
            return False
        summary = self._store.get_mark("summary")
        assert isinstance(summary, bytes)
        self.run.restore(orjson.loads(summary))
        self.run.found = Found(self.run.accepted, 0, 0, finished=True)
        if self._shop.emission is not None:
            self._shop.emission.add(0, self._store.rows(self.plan.leaf))
        return True

    def _finished_mark(self) -> bytes | None:
        """Return the digest of all that a finished run followed from; None where it cannot be known."""
        plan = self.plan
        if plan.input is not None and not isinstance(plan.input, (str, Path)):
            return None
        rows = digest() if plan.input is None else _file_digest(Path(plan.input))
        ways = [way_fingerprint(edge) for edge in plan.topology.edges]
        numbers = repr((plan.n, plan.leaf, plan.bounds.max_attempts))
        return digest(*self._shop.fingerprints.values(), *ways, numbers.encode(), rows)

    async def _prepare(self) -> None:
        for llm in self.plan.llms:
            with _blaming(f"the LLM '{llm.reference}'", llm.secrets()):
                await asyncio.to_thread(self._check_price, llm)
                await llm.check()
        # A model of gigabytes is not loaded before the key of another is found missing.
        for llm in self.plan.llms:
            with _blaming(f"the LLM '{llm.reference}'", llm.secrets()):
                await asyncio.to_thread(llm.ensure_loaded)
        for step in self.plan.steps:
            replace_llms(step, self._view_for(step))
            with _blaming(f"step '{step.name}'"):
                await asyncio.to_thread(step.load)
            self._loaded.append(step)
        self._is_ready = True

    def _check_price(self, llm: LLM) -> None:
        """Look the price up, which loads a list of them, and see that a cap on money knows it."""
        self._shop.journal.prices.cost_of(llm, Usage())
        if self._budget is not None:
            self._budget.check(llm)

    def _view_for(self, step: BaseStep) -> Callable[[LLM], LLM]:
        scope = CallScope(self.plan.seed, step.name, "")
        return lambda llm: llm.bound(self._gateway, scope)

    async def _unload(self) -> None:
        for step in reversed(self._loaded):
            try:
                await asyncio.to_thread(step.unload)
            except Exception:
                logger.exception("step '%s' could not be unloaded", step.name)

    async def _go_through_segments(self) -> None:
        loop = asyncio.get_running_loop()
        self._store.on_commit(lambda durable: _call_soon(loop, self._committed, durable))
        self._gate.close()
        self._watch_time()
        for segment in self._segments:
            if self._shop.interrupted or (segment.is_barrier and not await self._pass_barrier(segment)):
                break
            part = SegmentRun(segment, self._shop)
            self._window = part.window
            part.window.on_failure = self._send_no_more
            self._gate.watch(part.window, part.counted)
            if self._shop.interrupted:
                part.window.drain()
            await part.execute()
        self._gate.open()

    async def _pass_barrier(self, segment: Segment) -> bool:
        """Have a step that needs all rows make its own; return whether it did."""
        assert segment.source is not None
        await asyncio.to_thread(self._store.flush)
        topology, name = self.plan.topology, segment.name
        kept = [leaf for part in self._segments for leaf in part.kept]
        behind = [leaf for leaf in kept if name in upstream(topology, leaf)]
        barrier = Barrier(segment.source, self._store, self._shop.fingerprints[name], behind)
        try:
            return await asyncio.to_thread(barrier.make, lambda: self._shop.interrupted)
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            if self._shop.interrupted:
                return False
            if concerns_all(error):
                raise
            failure = Failure.of("all", name, error, kept_as=name)
            self.run.fail(failure)
            for leaf in behind:
                VerdictLog(self._store, leaf).refuse(failure, "failed")
            return False

    def _committed(self, durable: int) -> None:
        if self._shop.emission is not None:
            self._shop.emission.release(durable)
        if self._window is not None:
            self._window.wake()

    async def _close(self, finished: bool) -> None:
        """Have all that was made durable, let go of the last rows, and make the dataset's file."""
        run = self.run
        try:
            await asyncio.to_thread(self._store.flush)
            if (emission := self._shop.emission) is not None:
                emission.release(self._store.committed)
                run.stopped_by = run.stopped_by or emission.error
            run.outcome = _outcome(run, finished and run.stopped_by is None)
            await asyncio.to_thread(self._make_dataset, finished)
        except StoreError:
            # What was on its way when the disk failed is not safe, and is not counted.
            with suppress(StoreError):
                run.accepted = self._store.count_verdicts(self.plan.leaf)["accepted"]
            raise
        finally:
            if run.folder is not None:
                await asyncio.to_thread(self._store.close)

    def _make_dataset(self, finished: bool) -> None:
        run = self.run
        # A run in which every row failed has made no dataset, and takes none away.
        if finished and self._out is not None and (run.accepted or not run.failed):
            export_rows(self._store.rows(self.plan.leaf), self._out)
            run.out = self._out
        self._note_end(finished)

    def _note_end(self, finished: bool) -> None:
        summary = self.run.summary()
        mark = self._finished_mark() if finished else None
        if mark is not None:
            self._store.set_mark("summary", orjson.dumps(summary))
        self._store.set_mark(_FINISHED, mark or b"")
        self._store.end_session(self.run.outcome, summary)
        self._store.flush()

    def _watch_time(self) -> None:
        """Stop when the time of the run is up, also where no call asks for it."""
        left = self._budget.seconds_left if self._budget is not None else None
        if left is not None:
            asyncio.get_running_loop().call_later(left, self._time_is_up)

    def _time_is_up(self) -> None:
        if self.run.stopped_by is None and not self._shop.interrupted:
            self.run.stopped_by = time_exhausted(self.plan.bounds.max_seconds or 0.0)
        self._drain()

    def _send_no_more(self) -> None:
        self._shop.interrupted = True
        self._gateway.drain()
        self._shop.journal.open_gate()

    def _drain(self) -> None:
        self._send_no_more()
        if self._window is not None:
            self._window.drain()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._cut_off)

    def _cancel(self) -> None:
        self._drain()
        self._cut_off()

    def _cut_off(self) -> None:
        self._gateway.cancel()
        if self._window is not None:
            self._window.cancel()


def _outcome(run: Run, finished: bool) -> Outcome:
    if not finished:
        return "interrupted" if run.stopped_by is None else "stopped"
    enough = run.wanted is None or run.accepted == run.wanted
    return "complete" if enough and not run.failed else "incomplete"


def _is_cancelled() -> bool:
    """Whether the session itself is cancelled, and no author's code raised what looks like it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()


def _call_soon(loop: asyncio.AbstractEventLoop, receive: Callable[[int], None], durable: int) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(receive, durable)


@contextmanager
def _blaming(what: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Say whose code raised, where it is not an error of ours, and keep secrets out of what it says."""
    try:
        yield
    except SeedbedError as error:
        redact_error(error, secrets)
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        text = redact(f"{type(error).__name__}: {error}", secrets)
        raise SeedbedError(f"{what} could not be loaded: {text}") from showable(error, secrets)
