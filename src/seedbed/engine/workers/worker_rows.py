"""The rows of a run that a worker has in hand, and what they go through."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.engine.prompts.step_texts import StepTexts
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.run_loading import Loaded
from seedbed.engine.segments.flow import Flow
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.segments import segments_of
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.segments.step_results import Applied, StepResults
from seedbed.engine.segments.step_runners import StepRunner, runner_of
from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.asking_replicas import (
    AskingReplicas,
    ElsewhereModel,
    ElsewhereRunner,
    Lines,
)
from seedbed.engine.workers.budgets import WorkerBudget, worker_budget
from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.outcome_parcel import packed
from seedbed.engine.workers.places import steps_on_workers
from seedbed.engine.workers.replicated import key_of
from seedbed.engine.workers.run_messages import (
    BeginSegment,
    Cancel,
    Drain,
    DropItems,
    ItemParcel,
    Items,
    OpenGate,
    Rooms,
    Setup,
)
from seedbed.engine.workers.sent_errors import sendable
from seedbed.engine.workers.unsent_news import UnsentNews
from seedbed.engine.workers.worker_messages import FileRead, Replacing, Reused, Settled
from seedbed.engine.workers.worker_store import WorkerStore
from seedbed.errors import SeedbedError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.loop import call_soon
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY, Sender
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.tasks.base_step import BaseStep


class WorkerRows:
    """The items in hand, and what they go through."""

    def __init__(self, setup: Setup, unsent: UnsentNews, lines: Lines) -> None:
        setup.surroundings.enter()
        self._setup = setup
        self._lines = lines
        self._unsent = unsent
        self._told = unsent.news
        topology = decoded(setup.steps)
        self._plan = Plan(setup.name, topology, setup.leaf, None, None, setup.seed, None, setup.bounds)
        self._store = WorkerStore(unsent)
        share = setup.share
        self._budget = worker_budget(setup.bounds, setup.seconds_left, self._store.add)
        self._sender = Sender(
            concurrency=share.concurrency,
            requests_per_minute=share.requests_per_minute,
            tokens_per_minute=share.tokens_per_minute,
            budget=self._budget,
        )
        self._sender.on_appetite = unsent.tell
        self._journal = RunJournal(
            self._store,
            self._sender.counts,
            setup.bounds.prices,
            has_branches=setup.has_branches,
            retrying=setup.retrying,
            secrets=self._plan.secrets,
        )
        self._journal.on_waiting = unsent.tell
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
        steps = steps_on_workers(self._segments)
        for step in steps:
            step.note_reads(_Reads(step.name, self._store))
        backends = {id(one): one for step in steps for one in backends_in(step)}
        for backend in backends.values():
            self._ask_elsewhere(backend)
        here = [step for step in steps if key_of(step) not in self._setup.replicated]
        await self._loaded.load(backends.values(), here)

    def _ask_elsewhere(self, backend: BaseBackend) -> None:
        if (replicas := self._replicas_of(backend)) is not None:
            ElsewhereModel(replicas).take_over(backend)

    def _replicas_of(self, part: BaseBackend | BaseStep) -> AskingReplicas | None:
        """Return who asks the processes that have loaded a part of the run; None if this one has."""
        key, setup = key_of(part), self._setup
        name = setup.replicated.get(key)
        return None if name is None else AskingReplicas(name, self._lines[key], setup.number)

    def take(self, message: Any) -> None:
        """Take a message of the run."""
        if isinstance(message, BeginSegment):
            self._begin(message)
        elif isinstance(message, Items):
            for parcel in message.parcels:
                self._start(parcel)
        elif isinstance(message, DropItems):
            for number in message.numbers:
                if number in self._tasks:
                    self._tasks[number].cancel()
        elif isinstance(message, Rooms):
            if isinstance(self._budget, WorkerBudget):
                for room in message.rooms:
                    self._budget.take(room)
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
        runner = self._runner_of(step)
        self._runners.append(runner)
        texts = StepTexts(step) if backends_in(step) else None
        return Applied(runner, self._setup.fingerprints[step.name], False, texts)

    def _runner_of(self, step: BaseStep) -> StepRunner:
        if (replicas := self._replicas_of(step)) is None:
            return runner_of(step, self._setup.share.concurrency or DEFAULT_CONCURRENCY)
        return ElsewhereRunner(step, replicas, lambda path: self._store.add(FileRead(step.name, path)))

    def _start(self, parcel: ItemParcel) -> None:
        self._store.take(parcel)
        task = asyncio.get_running_loop().create_task(self._settle(parcel))
        self._tasks[parcel.number] = task

    async def _settle(self, parcel: ItemParcel) -> None:
        one = parcel
        root = InFlight(one.row, one.encoded, one.node, None, one.source, one.k, one.given, one.place)
        try:
            assert self._flow is not None
            outcome = await self._flow.settle(Item(parcel.id, root), parcel.position)
            settled = packed(outcome, parcel.number, root, is_whole=self._begun.is_whole)
        except asyncio.CancelledError as error:
            settled = Settled(parcel.number, error=_stranger(error), is_cut=True)
        except Exception as error:  # noqa: BLE001 - every row would meet it; the run raises it
            settled = Settled(parcel.number, error=sendable(error))
        finally:
            self._store.forget(parcel.number)
            self._tasks.pop(parcel.number, None)
        self._told.settled.append(settled)
        is_made = settled.error is None and not settled.is_cut
        # Not if half of what was in hand is done: the next rows have to come before the worker runs dry.
        self._unsent.tell(may_wait=is_made and len(self._told.settled) < len(self._tasks))


class _Observed:
    """Stands for the run's observers: tells the run of answers that were there before."""

    def __init__(self, hears_calls: bool, store: WorkerStore) -> None:
        self.hears_calls = hears_calls
        self._store = store

    def reuse(self, number: int) -> None:
        """Take the number of a call whose answer the run had."""
        self._store.add(Reused(number))

    def fail(self, failed: FailedCallTry) -> None:
        """Take a try of a call that failed."""
        self._store.add(failed)


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
