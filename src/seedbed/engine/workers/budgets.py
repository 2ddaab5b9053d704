"""Caps over all workers: each call has its room in the one budget of the run before it's sent."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any

from seedbed.engine.stopping.bounds import Bounds
from seedbed.engine.workers.run_messages import Room
from seedbed.engine.workers.worker_messages import Addition, Reserve, Return
from seedbed.errors import BudgetExhaustedError
from seedbed.llm.budget.budget import Budget, Reservation, Spent
from seedbed.llm.limits.waiting import ENOUGH_WAITING

if TYPE_CHECKING:
    from seedbed.engine.workers.worker_handle import WorkerHandle


class WorkerBudget(Budget):
    """A worker's end of the budget: it asks the run for room, which costs each call a message both ways.

    A share of what is left for each worker would cost no message. But a cap must not stop a run while one
    worker still has room, nor let the lowest row wait for it, and a call takes a hundred times as long.
    """

    def __init__(self, tell: Callable[[Addition], object], **caps: Any) -> None:
        super().__init__(**caps)
        self._tell = tell
        self._ids = itertools.count()
        self._wanted: dict[int, asyncio.Future[None]] = {}
        self._number_of: dict[int, list[int]] = {}

    async def reserve_amount(
        self,
        wanted: Reservation,
        rank: int = 0,
        wait: Callable[[asyncio.Future[None]], Awaitable[None]] | None = None,
    ) -> None:
        """Wait until the run has given room."""
        number = next(self._ids)
        room = self._wanted[number] = asyncio.get_running_loop().create_future()
        self._tell(Reserve(number, wanted, rank))
        self.waiting += 1
        try:
            await (room if wait is None else wait(room))
        except BaseException:
            room.cancel()
            self._tell(Return(number, Reservation()))
            raise
        finally:
            del self._wanted[number]
            self.waiting -= 1
            if self.waiting == ENOUGH_WAITING // 2:
                self.on_appetite()
        # By the object: equal reservations of two calls are still two.
        self._number_of.setdefault(id(wanted), []).append(number)

    def settle_amount(self, reservation: Reservation, taken: Reservation) -> None:
        """Tell the run what was taken."""
        numbers = self._number_of[id(reservation)]
        self._tell(Return(numbers.pop(), taken))
        if not numbers:
            del self._number_of[id(reservation)]

    def take(self, room: Room) -> None:
        """Take the run's answer."""
        waiting = self._wanted.get(room.number)
        if waiting is None or waiting.done():
            return
        if room.error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(room.error)


def worker_budget(
    bounds: Bounds, seconds_left: float | None, tell: Callable[[Addition], object]
) -> Budget | None:
    """Return the budget of a worker; None if nothing is capped. It keeps the time by itself."""
    if bounds.max_cost is None and bounds.max_tokens is None and bounds.max_seconds is None:
        return None
    spent = Spent(seconds=(bounds.max_seconds or 0.0) - (seconds_left or 0.0))
    caps = {"max_seconds": bounds.max_seconds, "prices": bounds.prices, "spent": spent}
    if bounds.max_cost is None and bounds.max_tokens is None:
        return Budget(**caps)  # type: ignore[arg-type]
    return WorkerBudget(tell, max_cost=bounds.max_cost, max_tokens=bounds.max_tokens, **caps)


class WorkerReservations:
    """The run's end: reserves for the calls of workers, and gives back what a lost one had reserved."""

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self._held: dict[tuple[int, int], Reservation] = {}
        self._waiting: dict[tuple[int, int], asyncio.Task[None]] = {}

    def reserve(self, worker: WorkerHandle, asked: Reserve) -> None:
        """Reserve for a call, and answer once there's room, or can't be."""
        key = worker.number, asked.number
        # In an empty context: the task must not count as one that a row has started.
        self._waiting[key] = asyncio.get_running_loop().create_task(
            self._reserve(worker, asked), context=Context()
        )

    async def _reserve(self, worker: WorkerHandle, asked: Reserve) -> None:
        assert self._budget is not None
        key = worker.number, asked.number
        try:
            await self._budget.reserve_amount(asked.wanted, asked.rank)
        except BudgetExhaustedError as error:
            worker.send(Room(asked.number, error))
        else:
            self._held[key] = asked.wanted
            worker.send(Room(asked.number))
        finally:
            self._waiting.pop(key, None)

    def give_back(self, worker: WorkerHandle, given: Return) -> None:
        """Count what a call took, and return the rest of its reservation."""
        key = worker.number, given.number
        if (waiting := self._waiting.pop(key, None)) is not None:
            waiting.cancel()
        if (held := self._held.pop(key, None)) is not None and self._budget is not None:
            self._budget.settle_amount(held, given.taken)

    def forget(self, worker: WorkerHandle) -> None:
        """Return what a lost worker had reserved; nobody knows what its calls took."""
        for number, asked in [*self._held, *self._waiting]:
            if number == worker.number:
                self.give_back(worker, Return(asked, Reservation()))

    def close(self) -> None:
        """Let go of everything."""
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()
        self._held.clear()
        self._budget = None
