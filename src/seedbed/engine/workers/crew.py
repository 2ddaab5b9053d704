"""The workers of a run: who gets which items, and what becomes of their news."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.engine.engine import Job
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.item_window import LOOKAHEAD
from seedbed.engine.segments.remote_flows import Settle
from seedbed.engine.segments.segments import Segment
from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.messages import (
    Addition,
    BeginSegment,
    DropItems,
    End,
    FileRead,
    Items,
    Mark,
    Needs,
    News,
    Replacing,
    Reused,
    Settled,
    Setup,
    decoded,
)
from seedbed.engine.workers.outcome_parcel import unpacked
from seedbed.engine.workers.parcels import Parcels
from seedbed.engine.workers.worker import Worker
from seedbed.errors import PluginError, StopRun
from seedbed.llm.calling.sender import CallCounts
from seedbed.store import Call, Result

_MOST_LOST = 3
"""Workers that may die with an item in their hands before the item is taken to be the cause."""

_ENDING_SECONDS = 10.0
"""Seconds that workers have to unload; then their processes end in any case."""


class _InHand(NamedTuple):
    """An item that a worker has, or that waits for one."""

    item: Item
    settled: asyncio.Future[Settled]


class Crew:
    """Hands items to workers in blocks, and takes what they tell: additions to the store, and outcomes.

    Lives on the loop thread. `on_news` is called when more items may be started.
    """

    def __init__(self, job: Job, journal: RunJournal, counts: CallCounts, workers: Sequence[Worker]) -> None:
        self.lookahead = LOOKAHEAD * max(1, len(workers) // 2)
        self.on_news: Callable[[], None] = _nothing
        self._job = job
        self._journal = journal
        self._counts = counts
        self._workers = list(workers)
        self._parcels = Parcels(job)
        self._in_hand: dict[int, _InHand] = {}
        self._fresh: list[int] = []
        self._told = asyncio.Event()
        self._lost: BaseException | None = None
        self._losses: Counter[int] = Counter()
        self._listening = [asyncio.create_task(self._listen(worker)) for worker in workers]
        self._files = {step.name: step._noted_by for step in job.plan.steps}

    @property
    def has_enough(self) -> bool:
        """Whether a new item would only wait, on every worker."""
        return all(worker.told.has_enough for worker in self._workers)

    def begin(self, segment: Segment, *, replaces: bool, judged: bool, is_whole: bool) -> Settle:
        """Begin a segment, and return what settles its items."""
        number = self._parcels.begin(segment)
        self.broadcast(BeginSegment(number, replaces, judged, is_whole))
        return self._settle

    def broadcast(self, message: Any) -> None:
        """Send a message to all workers."""
        for worker in self._workers:
            worker.send(message)

    async def prepare(self, needs: Needs, setups: Sequence[Setup]) -> None:
        """Check what workers have installed, give each its setup, and wait until they've loaded it.

        Raises PluginError for a worker that lacks something, and what loading raised.
        """
        for worker in self._workers:
            worker.send(needs)
        await self._until("is_checked")
        for worker in self._workers:
            if worker.told.lacking:
                raise PluginError(
                    f"{worker.link.name} lacks what this run needs",
                    *worker.told.lacking,
                    "install the same versions there",
                )
        for worker, setup in zip(self._workers, setups, strict=True):
            worker.send(setup)
        await self._until("is_ready")

    async def _until(self, name: str) -> None:
        """Wait until all workers have told something; raise the first error that one tells instead."""
        while not all(getattr(worker.told, name) for worker in self._workers):
            self._told.clear()
            await self._told.wait()
            for worker in self._workers:
                if worker.told.error is not None:
                    raise worker.told.error
            if self._lost is not None:
                raise PluginError(f"a worker has died before its first row: {self._lost}") from self._lost

    async def end(self) -> None:
        """Have the workers unload, and end their processes."""
        # It's a method of the engine, which holds this crew: a cycle.
        self.on_news = _nothing
        self.broadcast(End())
        waiting = [asyncio.ensure_future(worker.ended.wait()) for worker in self._workers]
        if waiting:
            await asyncio.wait(waiting, timeout=_ENDING_SECONDS)
        for task in (*waiting, *self._listening):
            task.cancel()
        await asyncio.gather(*waiting, *self._listening, return_exceptions=True)
        # A cancelled task keeps the frames that it was cancelled in, which hold this crew.
        self._listening.clear()
        await asyncio.gather(*(worker.close() for worker in self._workers), return_exceptions=True)

    async def _settle(self, item: Item, position: int) -> ItemOutcome:
        if item.failure is not None:
            settled = ItemOutcome(position, item.id)
            settled.note(item.failure)
            return settled
        future: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._in_hand[position] = _InHand(item, future)
        self._hand_out(position)
        try:
            sent = await future
        except asyncio.CancelledError:
            self._drop(position)
            raise
        finally:
            self._in_hand.pop(position, None)
            self._losses.pop(position, None)
        if sent.is_cut:
            raise asyncio.CancelledError(*([str(sent.error)] if sent.error else []))
        if sent.error is not None:
            raise sent.error
        return unpacked(sent, item.id, item.in_flight, self._job.plan.seed)

    def _hand_out(self, position: int) -> None:
        self._fresh.append(position)
        if len(self._fresh) == 1:
            # The other items that start in this turn of the loop go in the same blocks.
            asyncio.get_running_loop().call_soon(self._hand_out_all)

    def _hand_out_all(self) -> None:
        fresh, self._fresh = [one for one in self._fresh if one in self._in_hand], []
        blocks: dict[int, list[int]] = {}
        for position in fresh:
            if not self._workers:
                self._fail(position, StopRun("all workers are lost", "the same command resumes the run"))
                continue
            worker = min(self._workers, key=lambda one: len(one.items))
            worker.items.add(position)
            blocks.setdefault(worker.number, []).append(position)
        for worker in self._workers:
            if block := blocks.get(worker.number):
                parcels = [self._parcels.of(self._in_hand[one].item, one) for one in block]
                worker.send(Items(parcels))

    def _drop(self, position: int) -> None:
        for worker in self._workers:
            if position in worker.items:
                worker.items.discard(position)
                worker.send(DropItems([position]))

    async def _listen(self, worker: Worker) -> None:
        try:
            while True:
                self._take(worker, decoded(await worker.link.news()))
        except Exception as error:  # noqa: BLE001 - whatever it is, this worker tells nothing more
            await self._lose(worker, worker.lost or error)

    def _take(self, worker: Worker, news: News) -> None:
        for addition in news.additions:
            self._add(addition)
        worker.add_totals(news, self._counts, self._job.steps, self._journal.kept)
        worker.told = news
        self._note_waiting(worker, news)
        if news.error is not None:
            for position in [*worker.items]:
                self._fail(position, news.error)
        for settled in news.settled:
            worker.items.discard(settled.position)
            if (one := self._in_hand.get(settled.position)) is not None and not one.settled.done():
                one.settled.set_result(settled)
        if news.has_ended:
            worker.ended.set()
        self._told.set()
        self.on_news()

    def _add(self, addition: Addition) -> None:
        store = self._job.store
        if isinstance(addition, Call):
            store.add_call(addition)
        elif isinstance(addition, Result):
            store.add_result(addition)
        elif isinstance(addition, Mark):
            store.set_mark(addition.name, addition.value)
        elif isinstance(addition, Replacing):
            self._journal.on_replacing()
        elif isinstance(addition, Reused) and self._journal.observation is not None:
            self._journal.observation.reuse(addition.number)
        elif isinstance(addition, FileRead) and (noted := self._files[addition.step]) is not None:
            noted(Path(addition.path))

    def _note_waiting(self, worker: Worker, news: News) -> None:
        if news.waiting_calls == worker.waiting_calls:
            return
        self._journal.waiting |= news.waiting
        self._journal.waiting_calls += news.waiting_calls - worker.waiting_calls
        worker.waiting_calls = news.waiting_calls
        self._journal.on_waiting()

    async def _lose(self, worker: Worker, error: BaseException) -> None:
        self._workers.remove(worker)
        self._lost = error
        self._told.set()
        worker.ended.set()
        worker.forget_in_flight(self._counts)
        # Another worker needs the answers that this one had sent: they're found once they're durable.
        await asyncio.to_thread(self._job.store.flush)
        self._parcels.look()
        for position in sorted(worker.items & self._in_hand.keys()):
            self._losses[position] += 1
            if self._losses[position] >= _MOST_LOST:
                self._fail(position, _deadly(self._in_hand[position].item, error))
            else:
                self._hand_out(position)
        self.on_news()

    def _fail(self, position: int, error: BaseException) -> None:
        if (one := self._in_hand.get(position)) is not None and not one.settled.done():
            one.settled.set_result(Settled(position, error=error))


def _deadly(item: Item, error: BaseException) -> PluginError:
    return PluginError(
        f"{_MOST_LOST} workers have died with row '{item.id}' in their hands: {error}",
        "its step or its LLM ends the process, or takes more memory than there is",
    )


def _nothing() -> None:
    pass
