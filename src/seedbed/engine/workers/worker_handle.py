"""A worker as the run sees it: the items that it has, and the totals that it has told."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from seedbed.engine.segments.step_counts import StepCounts, StepTally
from seedbed.engine.workers.message_bytes import Pickled, encoded
from seedbed.engine.workers.run_messages import Room, Rooms
from seedbed.engine.workers.worker_link import WorkerLink
from seedbed.engine.workers.worker_messages import News
from seedbed.engine.workers.worker_pace import WorkerPace
from seedbed.llm.calling.call_counts import CallCounts, Unanswered
from seedbed.llm.response import Usage


class WorkerHandle:
    """Sends messages to a worker in order, and follows its totals; `items` are the numbers in its hands.

    `share` says which part of the limits it has. `news` is set whenever it has told something, or is lost.
    `drained` is set once it sends no more calls.
    """

    def __init__(self, link: WorkerLink, number: int, share: int, pickled: Pickled) -> None:
        self.link = link
        self.number = number
        self.share = share
        self.news = asyncio.Event()
        self.items: set[int] = set()
        self.pace = WorkerPace()
        self.told = News()
        self.drained = asyncio.Event()
        self.ended = asyncio.Event()
        self.lost: BaseException | None = None
        self.waiting_calls = 0
        self._pickled = pickled
        self._outgoing: list[Any] = []
        self._sending: asyncio.Task[None] | None = None
        self._counts = CallCounts()
        self._steps: dict[str, StepCounts] = {}
        self._kept: Counter[str] = Counter()

    def take(self, number: int) -> None:
        """Note that the worker gets an item."""
        if not self.items:
            self.pace.begin(asyncio.get_running_loop().time())
        self.items.add(number)

    def settle(self, numbers: list[int]) -> None:
        """Note that items have settled."""
        self.items.difference_update(numbers)
        if numbers:
            self.pace.note(len(numbers), len(self.items), asyncio.get_running_loop().time())

    def send(self, message: Any) -> None:
        """Send a message after those that were sent before."""
        self._outgoing.append(message)
        self._wake()

    def send_first(self, message: Any) -> None:
        """Send a message before those that still wait to be sent, which may be large blocks of items."""
        self._outgoing.insert(0, message)
        self._wake()

    def _wake(self) -> None:
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def close(self) -> None:
        """Let the worker's process end."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            self._sending = None
        self.drained.set()
        await self.link.end()

    async def _send(self) -> None:
        while self._outgoing and self.lost is None:
            message = self._next_message()
            try:
                await self.link.send(encoded(message, self._pickled))
            except Exception as error:  # noqa: BLE001 - the task that waits for news tells of it
                self.lost = error

    def _next_message(self) -> Any:
        """Take the next message; reservations that follow each other are one."""
        message = self._outgoing.pop(0)
        if not isinstance(message, Room):
            return message
        rooms = [message]
        while self._outgoing and isinstance(self._outgoing[0], Room):
            rooms.append(self._outgoing.pop(0))
        return Rooms(rooms)

    def add_totals(self, news: News, counts: CallCounts, steps: StepTally, kept: Counter[str]) -> None:
        """Add what has come to a worker's totals since its last news to those of the run."""
        _add_counts(counts, self._counts, news.counts)
        for name, now in news.steps.items():
            before = self._steps.get(name, StepCounts())
            for field in ("taken", "made", "passed", "refused", "failed"):
                more = getattr(now, field) - getattr(before, field)
                setattr(steps[name], field, getattr(steps[name], field) + more)
        kept.update(news.kept - self._kept)
        self._counts, self._steps, self._kept = news.counts, news.steps, news.kept

    def forget_in_flight(self, counts: CallCounts) -> None:
        """Take the calls of a lost worker out of those in flight."""
        counts.in_flight -= self._counts.in_flight
        self._counts = replace(self._counts, in_flight=0)


def least_busy(workers: Iterable[WorkerHandle], *, by_pace: bool) -> WorkerHandle | None:
    """Return the worker that gets the next item; by their pace, or None if all have enough."""
    if not by_pace:
        return min(workers, key=lambda one: len(one.items))
    worker = min(workers, key=lambda one: len(one.items) / one.pace.room)
    return worker if len(worker.items) < worker.pace.room else None


# Of the fields, not by hand: a count that is added would be missing from runs whose rows workers make.
_SUMS = tuple(one.name for one in fields(CallCounts) if one.type in ("int", "float"))


def _add_counts(total: CallCounts, before: CallCounts, now: CallCounts) -> None:
    for name in _SUMS:
        setattr(total, name, getattr(total, name) + getattr(now, name) - getattr(before, name))
    for step, seconds in now.step_seconds.items():
        more = seconds - before.step_seconds.get(step, 0.0)
        total.step_seconds[step] = total.step_seconds.get(step, 0.0) + more
    total.truncated_steps.update(now.truncated_steps - before.truncated_steps)
    total.ended_otherwise.update(now.ended_otherwise - before.ended_otherwise)
    if now.cost is not None:
        total.cost = (total.cost or 0.0) + now.cost - (before.cost or 0.0)
    total.usage += now.usage + _negative(before.usage)
    _add_unanswered(total, before, now)


def _add_unanswered(total: CallCounts, before: CallCounts, now: CallCounts) -> None:
    """Add the tries that failed on a worker; an answer there is one of the run."""
    told = before.unanswered.tries if before.unanswered is not None else 0
    if now.answered > before.answered:
        total.unanswered, told = None, 0
    if now.unanswered is not None and now.unanswered.tries > told:
        # By this process's clock: the worker's may have begun at another time.
        so_far = total.unanswered or Unanswered(0, time.monotonic(), "")
        more = now.unanswered.tries - told
        total.unanswered = Unanswered(so_far.tries + more, so_far.since, now.unanswered.fact)


def _negative(usage: Usage) -> Usage:
    return Usage(-usage.input_tokens, -usage.output_tokens, -usage.cached_tokens, -usage.reasoning_tokens)
