"""A worker: takes items of a run through the steps, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.kept_prompts import StepTexts
from seedbed.engine.loading import Loaded
from seedbed.engine.plan import Plan
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.flow import Flow
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.segments import segments_of
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.segments.step_results import Applied, StepResults
from seedbed.engine.segments.step_runners import StepRunner, runner_of
from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.installed import lacking
from seedbed.engine.workers.messages import (
    BeginSegment,
    Cancel,
    Drain,
    DropItems,
    End,
    FileRead,
    ItemParcel,
    Items,
    Needs,
    News,
    OpenGate,
    Replacing,
    Reused,
    Settled,
    Setup,
    decoded,
    encoded,
)
from seedbed.engine.workers.outcome_parcel import packed
from seedbed.engine.workers.sent_errors import sendable
from seedbed.engine.workers.worker_store import WorkerStore
from seedbed.errors import SeedbedError
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.loop import call_soon, loop_thread
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY, Sender
from seedbed.plugins.source_file import import_modules
from seedbed.tasks.steps import BaseStep

GATHERING = 0.01
"""Seconds for which news are collected before they're sent: one message for many rows."""
# A message takes about a millisecond of both processes. A call to a model takes a hundred times as long.


class RowWorker:
    """Makes rows of a run that another process drives: `receive` takes its messages, `news` has the answers.

        worker = RowWorker()
        worker.receive(message)          # in the order in which the run sent them
        answer = await worker.news()     # waits until there's something to tell

    Messages are bytes that only Seedbed reads. They hold the keys of LLMs: a transport to other machines has
    to encrypt them. All methods may be called from any thread or loop.
    """

    def __init__(self) -> None:
        self._loop = loop_thread().loop
        self._news = asyncio.Event()
        self._told = News()
        self._rows: _Rows | None = None
        self._work: asyncio.Task[None] | None = None

    def receive(self, message: bytes) -> None:
        """Take a message of the run; those that it brings are worked on in order."""
        call_soon(self._loop, self._receive, message)

    async def news(self) -> bytes:
        """Return what there is to tell, as soon as there's something."""
        answer: bytes = await loop_thread().arun(self._next_news())
        return answer

    def _receive(self, message: bytes) -> None:
        try:
            self._take(decoded(message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has to hear of it
            self._fail(error)

    def _take(self, message: Any) -> None:
        if isinstance(message, Needs):
            self._told.lacking = lacking(message)
            self._told.is_checked = True
            self._tell()
        elif isinstance(message, Setup):
            self._work = self._loop.create_task(self._begin(message))
        elif isinstance(message, End):
            self._work = self._loop.create_task(self._end())
        elif self._rows is not None:
            self._rows.take(message)

    async def _begin(self, setup: Setup) -> None:
        try:
            self._rows = rows = _Rows(setup, self._told, self._tell)
            await rows.load()
            self._told.is_ready = True
        except Exception as error:  # noqa: BLE001 - an author's code may raise anything
            self._fail(error)
        self._tell()

    async def _end(self) -> None:
        if self._rows is not None:
            await self._rows.end()
        self._told.has_ended = True
        self._tell()

    def _fail(self, error: Exception) -> None:
        self._told.error = sendable(error)
        self._tell()

    def _tell(self) -> None:
        self._news.set()

    async def _next_news(self) -> bytes:
        await self._news.wait()
        await asyncio.sleep(GATHERING)
        self._news.clear()
        if self._rows is not None:
            self._rows.report()
        message = encoded(self._told)
        self._told.additions.clear()
        self._told.settled.clear()
        return message


class _Rows:
    """The items in hand, and what they go through."""

    def __init__(self, setup: Setup, told: News, tell: Callable[[], None]) -> None:
        os.environ.update(setup.environment)
        if Path(setup.folder).is_dir():
            # Relative paths in parameters are meant from where the run was started.
            os.chdir(setup.folder)
        import_modules(setup.modules)
        self._setup = setup
        self._told = told
        self._tell = tell
        topology = decoded(setup.steps)
        self._plan = Plan(setup.name, topology, setup.leaf, None, None, setup.seed, None, setup.bounds)
        self._store = WorkerStore(tell)
        self._store.additions = told.additions
        share = setup.share
        self._sender = Sender(
            concurrency=share.concurrency,
            requests_per_minute=share.requests_per_minute,
            tokens_per_minute=share.tokens_per_minute,
        )
        self._sender.on_appetite = tell
        self._journal = RunJournal(
            self._store,
            self._sender.counts,
            setup.bounds.prices,
            has_branches=setup.has_branches,
            retrying=setup.retrying,
            secrets=self._plan.secrets,
        )
        self._journal.on_waiting = tell
        self._journal.on_replacing = self._replace
        self._journal.observation = _Observed(setup.hears_calls, self._store)
        if setup.is_gate_closed:
            self._journal.close_gate()
        self._gateway = Gateway(sender=self._sender, journal=self._journal)
        self._loaded = Loaded(self._gateway, setup.seed)
        self._segments = segments_of(topology)
        self._runners: list[StepRunner] = []
        self._interruption = threading.Event()
        self._steps = StepTally()
        self._flow: Flow | None = None
        self._begun = BeginSegment(-1, False, False, False)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def load(self) -> None:
        """Load the LLMs and steps that rows go through."""
        names = {node.name for segment in self._segments for node in segment.nodes}
        steps = [step for step in self._plan.steps if step.name in names]
        for step in steps:
            step.note_reads(_Reads(step.name, self._store))
        backends = {id(one): one for step in steps for one in backends_in(step)}
        await self._loaded.load(backends.values(), steps)

    def take(self, message: Any) -> None:
        """Take a message of the run."""
        if isinstance(message, BeginSegment):
            self._begin(message)
        elif isinstance(message, Items):
            for parcel in message.parcels:
                self._start(parcel)
        elif isinstance(message, DropItems):
            for position in message.positions:
                if position in self._tasks:
                    self._tasks[position].cancel()
        elif isinstance(message, OpenGate):
            self._journal.open_gate()
        elif isinstance(message, Drain | Cancel):
            self._stop(at_once=isinstance(message, Cancel))

    def report(self) -> None:
        """Bring the totals up to date."""
        told, journal = self._told, self._journal
        told.counts, told.steps, told.kept = self._sender.counts, dict(self._steps), journal.kept
        told.waiting, told.waiting_calls = frozenset(journal.waiting), journal.waiting_calls
        told.has_enough = self._sender.has_enough

    async def end(self) -> None:
        """Cancel what is in hand, and unload."""
        self._stop(at_once=True)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._gateway.end()
        self._close_runners()
        await self._loaded.unload()

    def _stop(self, *, at_once: bool) -> None:
        # The flag first: a step in a thread, whose call is cancelled here, asks at once whether it was
        # interrupted. The gate last: calls that wait at it go on to the gateway, which refuses them by then.
        self._interruption.set()
        self._gateway.drain()
        self._journal.open_gate()
        if at_once:
            self._gateway.cancel()
            for task in self._tasks.values():
                task.cancel()

    def _begin(self, begun: BeginSegment) -> None:
        self._close_runners()
        segment, topology = self._segments[begun.number], self._plan.topology
        results = StepResults(
            {node.name: self._applied(node.step) for node in segment.nodes},
            self._journal,
            self._setup.seed,
            begun.replaces,
            self._interruption.is_set,
            self._steps,
        )
        self._begun = begun
        self._flow = Flow(segment.nodes, topology, results, segment.kept, begun.judged)

    def _replace(self) -> None:
        self._store.add(Replacing())

    def _close_runners(self) -> None:
        while self._runners:
            self._runners.pop().close()

    def _applied(self, step: BaseStep) -> Applied:
        runner = runner_of(step, self._setup.share.concurrency or DEFAULT_CONCURRENCY)
        self._runners.append(runner)
        texts = StepTexts(step) if backends_in(step) else None
        return Applied(runner, self._setup.fingerprints[step.name], False, texts)

    def _start(self, parcel: ItemParcel) -> None:
        self._store.take(parcel)
        task = asyncio.get_running_loop().create_task(self._settle(parcel))
        self._tasks[parcel.position] = task

    async def _settle(self, parcel: ItemParcel) -> None:
        one = parcel
        root = InFlight(one.row, one.encoded, one.node, None, one.source, one.k, one.given, one.place)
        try:
            assert self._flow is not None
            outcome = await self._flow.settle(Item(parcel.id, root), parcel.position)
            settled = packed(outcome, root, is_whole=self._begun.is_whole)
        except asyncio.CancelledError as error:
            settled = Settled(parcel.position, error=_stranger(error), is_cut=True)
        except Exception as error:  # noqa: BLE001 - every row would meet it; the run raises it
            settled = Settled(parcel.position, error=sendable(error))
        finally:
            self._store.forget(parcel.position)
            self._tasks.pop(parcel.position, None)
        self._told.settled.append(settled)
        self._tell()


class _Observed:
    """Stands for the run's observers: tells the run of answers that were there before."""

    def __init__(self, hears_calls: bool, store: WorkerStore) -> None:
        self.hears_calls = hears_calls
        self._store = store

    def reuse(self, number: int) -> None:
        """Take the number of a call whose answer the run had."""
        self._store.add(Reused(number))


class _Reads:
    """Tells the run of each file that a step reads."""

    def __init__(self, step: str, store: WorkerStore) -> None:
        self._step = step
        self._store = store
        self._loop = asyncio.get_running_loop()

    def __call__(self, path: Path) -> None:
        """Note a file that is about to be read, on any thread."""
        call_soon(self._loop, self._store.add, FileRead(self._step, str(path)))


def _stranger(error: asyncio.CancelledError) -> SeedbedError | None:
    """Return which step cancelled its own row, if the cancellation says so."""
    return SeedbedError(str(error.args[0])) if error.args else None
