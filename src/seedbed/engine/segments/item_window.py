"""The sliding window: items in flight, settled each on its own, decided in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.sources.sources import Item, Source
from seedbed.engine.verdicts.decider import Decider
from seedbed.errors import PluginError

LOOKAHEAD = 1024
"""Items that may be in flight or wait for an earlier one: memory follows it, not the number of rows."""

BYTES = 2**27
"""Bytes of rows in the window, unless set: a row of megabytes takes the place of thousands of small ones."""

_COPIES = 4
"""What a row in flight takes, in lengths of its JSON: that, the row, what it becomes, and that as JSON."""

AT_A_TIME = 32
"""Items that are started in one turn of the loop, before it shows whether more would only wait."""


class ItemWindow:
    """Starts items of a source while there is room, and yields what was decided of them in their order.

    `is_clogged` says that nothing more is to be started for now: it would only wait. `on_change` is called
    when an item is settled, and when there is nothing to do but to wait; `on_failure` when one raised an
    error that every item would meet.
    """

    def __init__(
        self,
        source: Source,
        settle: Callable[[Item, int], Coroutine[Any, Any, ItemOutcome]],
        fold: Decider,
        is_clogged: Callable[[], bool] = lambda: False,
        lookahead: int = LOOKAHEAD,
        most_bytes: int = BYTES,
    ) -> None:
        self._source = source
        self._settle = settle
        self._fold = fold
        self._is_clogged = is_clogged
        self._lookahead = lookahead
        self._most_bytes = most_bytes
        self._bytes = 0
        self._size_of: dict[asyncio.Future[ItemOutcome], int] = {}
        self._undecided: deque[asyncio.Future[ItemOutcome]] = deque()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._started = 0
        self._running = 0
        self._fresh = 0
        self._draining = False
        self._is_deciding = False
        self.on_change: Callable[[], None] = _nothing
        self.on_failure: Callable[[], None] = _nothing
        source.on_news = self.wake

    async def decided(self) -> AsyncGenerator[ItemOutcome]:
        """Yield the verdict of each item."""
        try:
            while not self._fold.is_satisfied:
                self._start_items()
                if self._undecided and self._undecided[0].done():
                    head = self._undecided.popleft()
                    self._bytes -= self._size_of.pop(head)
                    if head.cancelled():
                        if not self._draining:
                            raise _cancelled_by_a_stranger(head)
                        # What is behind it has no verdict; what it came to is stored, for the next time.
                        await self._until_all_are_done()
                        self._raise_first()
                        return
                    yield await self._decide(head)
                elif not self._undecided and (self._draining or not self._may_start()):
                    return
                else:
                    self.on_change()
                    await self._news.wait()
                    self._news.clear()
        except asyncio.CancelledError:
            while self._may_go_on_deciding():
                head = self._undecided.popleft()
                self._bytes -= self._size_of.pop(head)
                yield await self._decide(head)
            raise
        finally:
            self._source.close()
            await self._cancel()
            self._forget_callbacks()

    def _forget_callbacks(self) -> None:
        # They hold the run, and it holds the window: without a cycle it is gone when nobody has it any more.
        self._is_clogged = _always
        self.on_change = self.on_failure = self._source.on_news = _nothing

    def wake(self) -> None:
        """Look again at what may be started and what is done."""
        self._news.set()

    def drain(self) -> None:
        """Start nothing more; what is in flight may finish."""
        self._draining = True
        self._source.close()
        self.wake()

    def cancel(self) -> None:
        """Cancel what is in flight."""
        self.drain()
        for task in self._undecided:
            task.cancel()

    @property
    def running(self) -> int:
        """The items in flight that are not settled."""
        return self._running

    @property
    def is_stuck(self) -> bool:
        """Whether nothing can be started or decided before the first item in flight is settled."""
        return bool(self._undecided) and not self._undecided[0].done() and not self._may_start()

    async def _decide(self, head: asyncio.Future[ItemOutcome]) -> ItemOutcome:
        self._is_deciding = True
        settled = await self._fold.decide(head.result())
        self._is_deciding = False
        return settled

    def _may_go_on_deciding(self) -> bool:
        """Whether the next item has been settled, and the one before it was decided to the end."""
        if self._is_deciding or not self._undecided or self._fold.is_satisfied:
            return False
        return _is_settled(self._undecided[0])

    def _may_start(self) -> bool:
        if self._draining or self._source.ended or len(self._undecided) >= self._lookahead:
            return False
        # One at a time may always be: else a row larger than the bound would never be made.
        if self._undecided and self._bytes >= self._most_bytes:
            return False
        return self._fold.has_room(len(self._undecided))

    def _start_items(self) -> None:
        while self._may_start() and not self._is_clogged():
            if self._fresh == AT_A_TIME:
                return
            item = self._source.take()
            if item is None:
                return
            task = self._loop.create_task(self._settle(item, self._started))
            self._resize(task, _COPIES * len(item.cell.encoded))
            self._started += 1
            self._running += 1
            task.add_done_callback(self._done)
            self._undecided.append(task)
            self._fresh += 1
            if self._fresh == 1:
                # It is the loop's next turn in which they begin, and what they wait for shows.
                self._loop.call_soon(self._have_begun)

    def _resize(self, task: asyncio.Future[ItemOutcome], size: int) -> None:
        self._bytes += size - self._size_of.get(task, 0)
        self._size_of[task] = size

    def _have_begun(self) -> None:
        if self._fresh == AT_A_TIME:
            self.wake()
        self._fresh = 0

    def _done(self, task: asyncio.Future[ItemOutcome]) -> None:
        self._running -= 1
        if _is_settled(task) and task in self._size_of:
            self._resize(task, _size_of(task.result()))
        self.on_change()
        if not task.cancelled() and task.exception() is not None:
            # Every row would meet this error: it is raised when the rows before have their verdicts.
            self._draining = True
            self.on_failure()
            self.wake()
        elif self._draining or (self._undecided and self._undecided[0].done()):
            self.wake()

    async def _until_all_are_done(self) -> None:
        while self._running:
            self._news.clear()
            await self._news.wait()

    def _raise_first(self) -> None:
        for task in self._undecided:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _cancel(self) -> None:
        tasks = [*self._undecided]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cancelled_by_a_stranger(head: asyncio.Future[ItemOutcome]) -> PluginError:
    step = "a step"
    try:
        head.result()
    except asyncio.CancelledError as error:
        step = f"step '{error.args[0]}'" if error.args else step
    return PluginError(
        f"{step}, or the LLM that it asks, has cancelled the row that it was called for",
        "raise Reject to leave a row out, or an error where it cannot be made",
        "what it starts and cancels should be a task of its own: asyncio.create_task(...)",
    )


def _nothing() -> None:
    pass


def _always() -> bool:
    return True


def _size_of(settled: ItemOutcome) -> int:
    """Return the bytes of the rows that an item became, with those that they were made of."""
    size = 0
    for cells in settled.made.values():
        size += sum(len(cell.encoded) for cell in cells)
        parent = cells[0].parent if cells else None
        while parent is not None:
            size += len(parent.encoded)
            parent = parent.parent
    return size


def _is_settled(task: asyncio.Future[ItemOutcome]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
