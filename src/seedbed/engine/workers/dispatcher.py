"""Which worker gets which item, and what becomes of the items of a worker that is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence

from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.in_hand import InHand
from seedbed.engine.workers.parcels import Parcels
from seedbed.engine.workers.run_messages import DropItems, Items
from seedbed.engine.workers.worker_handle import WorkerHandle, least_busy
from seedbed.engine.workers.worker_messages import Settled
from seedbed.errors import StopRun


class Dispatcher:
    """Hands items to workers in blocks; `workers` is the crew's own list, which changes.

    `by_pace` says that each worker gets as much as it makes in a short time: the rest waits here. As long as
    some are `expected`, items wait for them if there's no other worker.
    """

    def __init__(self, workers: Sequence[WorkerHandle], parcels: Parcels) -> None:
        self.by_pace = False
        self.expected = 0
        self._workers = workers
        self._parcels = parcels
        self._in_hand: dict[int, InHand] = {}
        self._numbers = itertools.count()
        self._fresh: list[int] = []
        self._is_handing_out = False

    @property
    def has_fresh(self) -> bool:
        """Whether items wait for a worker."""
        return bool(self._fresh)

    async def settled(self, item: Item, position: int) -> Settled:
        """Have a worker make an item; return what has become of it, which may be an error."""
        number = next(self._numbers)
        one = self._in_hand[number] = InHand(item, position)
        self._hand_out_soon(number)
        try:
            return await one.settled
        except asyncio.CancelledError:
            self._drop(number)
            raise
        finally:
            del self._in_hand[number]

    def take(self, worker: WorkerHandle, settled: Sequence[Settled]) -> None:
        """Take what a worker has settled."""
        worker.settle([one.number for one in settled])
        for one in settled:
            held = self._in_hand.get(one.number)
            if held is not None and not held.settled.done():
                held.settled.set_result(one)
        if self._fresh and settled:
            self.hand_out()

    def fail(self, error: BaseException, numbers: Iterable[int] | None = None) -> None:
        """Settle items with an error that every other one would meet: all of them, or those with numbers."""
        for number in [*(self._in_hand if numbers is None else numbers)]:
            if (one := self._in_hand.get(number)) is not None:
                one.fail(number, error)

    def take_back(self, lost: WorkerHandle, error: BaseException) -> None:
        """Give the items of a lost worker to others, except those that workers die of."""
        # Some of its answers and results are in the store.
        self._parcels.look()
        for number in sorted(lost.items & self._in_hand.keys()):
            if self._in_hand[number].survives(number, error):
                self._hand_out_soon(number)

    def hand_out(self) -> None:
        """Hand out the items that wait, as far as workers have room for them."""
        self._is_handing_out = False
        if not self._workers and self.expected:
            return
        blocks: dict[int, list[int]] = {}
        taken = self._taken_fresh()
        for place, number in enumerate(taken):
            if not self._workers:
                lost = StopRun("all workers are lost", "the same command resumes the run")
                self._in_hand[number].fail(number, lost)
                continue
            worker = least_busy(self._workers, by_pace=self.by_pace)
            if worker is None:
                self._fresh[:0] = taken[place:]
                break
            worker.take(number)
            blocks.setdefault(worker.number, []).append(number)
        for worker in self._workers:
            if block := blocks.get(worker.number):
                inside = [(one, self._in_hand[one]) for one in block]
                worker.send(Items([self._parcels.of(one.item, key, one.position) for key, one in inside]))

    def _hand_out_soon(self, number: int) -> None:
        self._fresh.append(number)
        if not self._is_handing_out:
            self._is_handing_out = True
            # The other items that start in this turn of the loop go in the same blocks.
            asyncio.get_running_loop().call_soon(self.hand_out)

    def _taken_fresh(self) -> list[int]:
        """Take the items that may be handed out now; one that workers may have died of, only alone."""
        fresh = [one for one in self._fresh if one in self._in_hand]
        suspects = [one for one in fresh if self._in_hand[one].is_suspect]
        others = [one for one in fresh if one not in suspects]
        # Its turn comes: as long as it isn't decided, the window goes no further.
        undone = sum(not one.settled.done() for one in self._in_hand.values())
        alone = suspects[:1] if len(suspects) == undone else []
        self._fresh = [one for one in suspects if one not in alone]
        return others or alone

    def _drop(self, number: int) -> None:
        for worker in self._workers:
            if number in worker.items:
                worker.items.discard(number)
                worker.send(DropItems([number]))
