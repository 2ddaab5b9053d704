"""The sliding window: rows in flight, settled each on its own, given on in row order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from seedbed.engine.run import Failure
from seedbed.engine.sources import Item, Source
from seedbed.tasks.rows import Row

LOOKAHEAD = 1024
"""Items that may be in flight or wait for an earlier one: memory follows it, not the number of rows."""

ATTEMPTS_PER_ROW = 10


@dataclass(slots=True)
class Settled:
    """What became of one item of a source: its rows with their ids, and what failed or was rejected."""

    rows: list[tuple[str, Row]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    rejections: list[Failure] = field(default_factory=list)


class Window:
    """Starts items of a source while there is room, and yields what became of them in their order.

    With `wanted`, an item starts only while accepted + failed + undecided stays below it, so that what
    is made does not depend on timing. What is behind the last wanted row or failure is cut. It gives up
    after so many items without a row that ten stand for each row wanted.
    """

    def __init__(
        self,
        source: Source,
        settle: Callable[[Item], Awaitable[Settled]],
        wanted: int | None = None,
        lookahead: int = LOOKAHEAD,
    ) -> None:
        self._source = source
        self._settle = settle
        self._wanted = wanted
        self._lookahead = lookahead
        self._undecided: deque[asyncio.Future[Settled]] = deque()
        self._decided = 0
        self._barren = 0
        self._draining = False

    async def settled(self) -> AsyncGenerator[Settled]:
        """Yield what became of each item, also of what has finished when this is cancelled."""
        news: asyncio.Future[None] | None = None
        try:
            while not self.is_satisfied:
                self._start_items()
                waiting: list[asyncio.Future[Any]] = [self._undecided[0]] if self._undecided else []
                if self._has_room() and not self._source.ended:
                    news = news or asyncio.ensure_future(self._source.ready())
                    waiting.append(news)
                if not waiting:
                    return
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if news is not None and news.done():
                    news = None
                for settled in self._finished():
                    yield settled
        except asyncio.CancelledError:
            for settled in self._finished():
                yield settled
            raise
        finally:
            self._source.close()
            await self._cancel([*self._undecided, *([news] if news else [])])

    @property
    def is_satisfied(self) -> bool:
        """Whether as many rows and failures have been decided as are wanted."""
        return self._wanted is not None and self._decided >= self._wanted

    def drain(self) -> None:
        """Start nothing more; what is in flight may finish."""
        self._draining = True
        self._source.close()

    def cancel(self) -> None:
        """Cancel what is in flight; what has finished is still given on."""
        self.drain()
        for task in self._undecided:
            task.cancel()

    def _has_room(self) -> bool:
        if self._draining or len(self._undecided) >= self._lookahead:
            return False
        if self._wanted is None:
            return True
        if self._barren + len(self._undecided) >= ATTEMPTS_PER_ROW * self._wanted:
            return False
        return self._decided + len(self._undecided) < self._wanted

    def _start_items(self) -> None:
        while self._has_room() and not self._source.ended:
            item = self._source.take()
            if item is None:
                return
            self._undecided.append(asyncio.ensure_future(self._settle(item)))

    def _finished(self) -> Iterator[Settled]:
        while self._undecided and self._undecided[0].done() and not self.is_satisfied:
            head = self._undecided.popleft()
            if not head.cancelled():
                yield self._decide(head.result())

    def _decide(self, settled: Settled) -> Settled:
        if self._wanted is not None:
            room = self._wanted - self._decided
            settled.rows = settled.rows[:room]
            settled.failures = settled.failures[: room - len(settled.rows)]
        made = len(settled.rows) + len(settled.failures)
        self._decided += made
        self._barren = 0 if made else self._barren + 1
        return settled

    async def _cancel(self, tasks: list[asyncio.Future[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
