"""The workers of a run: they come, are told of everything, die and are replaced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.engine import Job
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.item_window import LOOKAHEAD
from seedbed.engine.segments.remote_flows import Settle
from seedbed.engine.segments.segments import Segment
from seedbed.engine.segments.window import nothing
from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.dispatcher import Dispatcher
from seedbed.engine.workers.intake import Intake
from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.outcome_parcel import unpacked
from seedbed.engine.workers.parcels import Parcels
from seedbed.engine.workers.recruiting import Recruiting
from seedbed.engine.workers.run_messages import BeginSegment, Cancel, Drain, End, OpenGate
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.engine.workers.worker_messages import News
from seedbed.llm.budget.budget import Budget
from seedbed.llm.calling.call_counts import CallCounts

logger = logging.getLogger(__name__)

_TRIES = 3
"""How often a worker is started in place of a lost one, if the new ones die before their first row."""

_ENDING_SECONDS = 10.0
"""Seconds that workers have to unload; then their processes end in any case."""

Replace = Callable[[WorkerHandle], Coroutine[Any, Any, WorkerHandle | None]]
"""Returns a new worker in place of a lost one; None if there's none."""


class Crew:
    """Has items made by workers, and takes what they tell: additions to the store, and outcomes.

    Lives on the loop thread. `on_news` is called when more items may be started.
    """

    def __init__(self, job: Job, journal: RunJournal, counts: CallCounts, budget: Budget | None) -> None:
        self.lookahead = LOOKAHEAD
        self.on_news: Callable[[], None] = nothing
        self.replace: Replace | None = None
        self._job = job
        self._intake = Intake(job, journal, counts, budget)
        self._workers: list[WorkerHandle] = []
        self._parcels = Parcels(job)
        self._dispatcher = Dispatcher(self._workers, self._parcels)
        self._begun: BeginSegment | None = None
        self._is_gate_open = False
        self._stopping: Drain | Cancel | None = None
        self._recruiting: Recruiting | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def has_enough(self) -> bool:
        """Whether a new item would only wait, on every worker."""
        told = (worker.told.has_enough for worker in self._workers)
        return self._dispatcher.has_fresh if self._dispatcher.by_pace else all(told)

    async def prepare(self, workers: list[WorkerHandle], recruiting: Recruiting) -> None:
        """Take the first workers into the run; raises what `Recruiting.prepare` raises."""
        self._workers += workers
        self._recruiting = recruiting
        # One window is enough for two workers; more of them need more rows in flight.
        self.lookahead = LOOKAHEAD * max(1, len(workers) // 2)
        for worker in workers:
            self._start(self._listen(worker))
        await recruiting.prepare(workers)

    def begin(self, segment: Segment, *, replaces: bool, judged: bool, is_whole: bool) -> Settle:
        """Begin a segment, and return what settles its items."""
        number = self._parcels.begin(segment)
        # Not if they wait for models: those need many rows in flight, however slow they are.
        self._dispatcher.by_pace = not any(backends_in(node.step) for node in segment.nodes)
        self._begun = BeginSegment(number, replaces, judged, is_whole)
        self.broadcast(self._begun)
        return self._settle

    def open_gate(self) -> None:
        """Let calls without an answer be sent."""
        self._is_gate_open = True
        self.broadcast(OpenGate())

    def broadcast(self, message: Any) -> None:
        """Send a message to all workers."""
        for worker in self._workers:
            worker.send(message)

    def stop(self, message: Drain | Cancel) -> None:
        """Have all workers send no more calls, or cancel those in flight; no lost one is replaced."""
        self.replace, self._stopping = None, message
        for worker in self._workers:
            worker.send_first(message)

    async def drained(self) -> None:
        """Return when all workers have stopped, as far as they're still there."""
        await asyncio.gather(*(worker.drained.wait() for worker in self._workers))

    async def end(self) -> None:
        """Have the workers unload, and end their processes."""
        # They're methods of the engine, which holds this crew: a cycle.
        self.on_news, self.replace = nothing, None
        self.broadcast(End())
        waiting = [asyncio.ensure_future(worker.ended.wait()) for worker in self._workers]
        if waiting:
            await asyncio.wait(waiting, timeout=_ENDING_SECONDS)
        tasks = [*waiting, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._intake.close()
        await asyncio.gather(*(worker.close() for worker in self._workers), return_exceptions=True)
        # They hold the engine, which holds the gate, which holds the window, which holds this crew: a cycle.
        self._workers.clear()
        self._recruiting = None

    async def _settle(self, item: Item, position: int) -> ItemOutcome:
        if item.failure is not None:
            settled = ItemOutcome(position, item.id)
            settled.note(item.failure)
            return settled
        sent = await self._dispatcher.settled(item, position)
        if sent.is_cut:
            raise asyncio.CancelledError(*([str(sent.error)] if sent.error else []))
        if sent.error is not None:
            raise sent.error
        return unpacked(sent, item, position, self._job.plan.seed)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        # Not kept once it's done: a cancelled task keeps the frames that it was cancelled in.
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, worker: WorkerHandle) -> None:
        while True:
            try:
                news = decoded(await worker.link.news())
            except Exception as error:  # noqa: BLE001 - whatever it is, this worker tells nothing more
                await self._lose(worker, worker.lost or error)
                return
            try:
                self._take(worker, news)
            except Exception as error:  # noqa: BLE001 - the disk is full, for example: no row can be kept
                self._dispatcher.fail(error)

    def _take(self, worker: WorkerHandle, news: News) -> None:
        worker.told = news
        self._intake.take(worker, news)
        if news.error is not None:
            self._dispatcher.fail(news.error, worker.items)
        self._dispatcher.take(worker, news.settled)
        if news.has_drained:
            worker.drained.set()
        if news.has_ended:
            worker.ended.set()
        worker.news.set()
        self.on_news()

    async def _lose(self, worker: WorkerHandle, error: BaseException) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
        worker.lost = error
        worker.drained.set()
        worker.ended.set()
        worker.news.set()
        self._intake.forget(worker)
        if self.replace is not None and worker.told.is_ready:
            self._dispatcher.expected += 1
            self._start(self._replace(worker, self.replace))
        # Another worker needs the answers that this one had sent: they're found once they're durable.
        with suppress(Exception):
            # A disk that is full is told of by the next addition.
            await asyncio.to_thread(self._job.store.flush)
        self._dispatcher.take_back(worker, error)
        with suppress(Exception):
            await worker.close()
        self.on_news()

    async def _replace(self, lost: WorkerHandle, replace: Replace) -> None:
        try:
            for number in range(_TRIES):
                try:
                    await self._replace_once(lost, replace)
                    return
                except Exception as error:  # noqa: BLE001 - without a new worker, the others go on
                    said = "trying again" if number + 1 < _TRIES else "the others go on"
                    logger.warning("%s has died, and can't be replaced: %s; %s", lost.link.name, error, said)
        finally:
            self._dispatcher.expected -= 1
            self._dispatcher.hand_out()
            self.on_news()

    async def _replace_once(self, lost: WorkerHandle, replace: Replace) -> None:
        worker = await replace(lost)
        if worker is None or self._recruiting is None:
            return
        self._start(self._listen(worker))
        await self._recruiting.prepare([worker])
        if self._begun is not None:
            worker.send(self._begun)
        if self._is_gate_open:
            worker.send(OpenGate())
        if self._stopping is not None:
            # The run was stopped while this one was on its way.
            worker.send_first(self._stopping)
        self._workers.append(worker)
