"""The sliding window: items in flight, settled independently, decided in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.window import Window, always, nothing
from seedbed.engine.sources.sources import Item, Source
from seedbed.engine.verdicts.decider import Decider
from seedbed.errors import PluginError, StoreError

LOOKAHEAD = 1024
"""Items that may be in flight or wait for an earlier one: memory follows this, not the number of rows."""
# Far more than the calls in flight, so that one slow row at the head doesn't hold back the others: with 4 %
# of the rows taking 5 s and the rest 0.3 s, a run takes 1.014 times a list schedule
# (docs/explanation/performance.md).

BYTES = 2**27
"""Bytes of rows in the window, unless set: a row of megabytes counts like thousands of small ones."""
# Without it, 60 rows of 5 MB took 1 GB: the number of items alone bounds nothing.

_COPIES = 4
"""Memory of a row in flight, in lengths of its JSON: JSON and row, of what it was and what it becomes."""

AT_A_TIME = 32
"""Items that are started in one turn of the loop, before checking whether more would only wait."""
# A row's calls queue for a permit only once its task runs, so `is_clogged` sees nothing of rows that were
# just started: without a break, a free window would start all 1024. Rows that start early cost a tenth of the
# processor time, since they're out of its cache when their turn comes.


class ItemWindow(Window):
    """Starts items of a source while there's room, and yields their verdicts in order.

    `is_clogged` tells whether a new item would only wait.
    """

    def __init__(
        self,
        source: Source,
        settle: Callable[[Item, int], Coroutine[Any, Any, ItemOutcome]],
        decider: Decider,
        is_clogged: Callable[[], bool] = lambda: False,
        lookahead: int = LOOKAHEAD,
        most_bytes: int = BYTES,
    ) -> None:
        self._source = source
        self._settle = settle
        self._decider = decider
        self._is_clogged = is_clogged
        self._lookahead = lookahead
        self._most_bytes = most_bytes
        self._bytes = 0
        self._sizes: dict[asyncio.Future[ItemOutcome], int] = {}
        self._undecided: deque[asyncio.Future[ItemOutcome]] = deque()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._started = 0
        self._running = 0
        self._fresh = 0
        self._draining = False
        self._is_deciding = False
        source.on_news = self.wake

    async def decided(self) -> AsyncGenerator[ItemOutcome]:
        """Yield the verdict of each item."""
        try:
            while not self._decider.is_satisfied:
                self._start_items()
                if self._undecided and self._undecided[0].done():
                    head = self._undecided.popleft()
                    self._bytes -= self._sizes.pop(head)
                    if head.cancelled():
                        if not self._draining:
                            error = _cancelled_by_a_stranger(head)
                            await self.finish()
                            raise error
                        # Items after a cancelled one get no verdict, as verdicts are in order. Their results
                        # are stored for the next session, so those that may still finish do.
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
            # The caller was cancelled. Rows that have settled are paid for: decide them before passing it on.
            while self._may_go_on_deciding():
                head = self._undecided.popleft()
                self._bytes -= self._sizes.pop(head)
                yield await self._decide(head)
            raise
        finally:
            # Items after the last row wanted may still be in flight: they'd go on sending calls.
            self._source.close()
            await self._cancel()
            self._forget_callbacks()

    def _forget_callbacks(self) -> None:
        # They hold the run, which holds the window. Without this cycle a run is freed, and its store closed,
        # as soon as its caller drops it.
        self._is_clogged = always
        self.on_change = self.on_failure = self._source.on_news = nothing

    def wake(self) -> None:
        """Check again what can be started and what is done."""
        self._news.set()

    def drain(self) -> None:
        """Start nothing more; items in flight may finish."""
        self._draining = True
        self._source.close()
        self.wake()

    async def finish(self) -> None:
        """Start nothing more, and return when what is in flight has finished, or has been cut off."""
        self._draining = True
        self.on_failure()
        await self._until_all_are_done()

    def cancel(self) -> None:
        """Cancel the items in flight."""
        self.drain()
        for task in self._undecided:
            task.cancel()

    @property
    def running(self) -> int:
        """The number of items in flight that haven't settled."""
        return self._running

    @property
    def is_stuck(self) -> bool:
        """Whether nothing can be started or decided until the first item in flight settles."""
        return bool(self._undecided) and not self._undecided[0].done() and not self._may_start()

    async def _decide(self, head: asyncio.Future[ItemOutcome]) -> ItemOutcome:
        # Not try/finally: a verdict that was cut off halfway (`admit` runs in a thread) must stay marked as
        # begun, so that no later item is decided on top of it.
        self._is_deciding = True
        try:
            settled = await self._decider.decide(head.result())
        except StoreError:
            raise
        except Exception:
            # Other calls in flight are paid for: cancelled, they'd be bought again by the next session.
            await self.finish()
            raise
        self._is_deciding = False
        return settled

    def _may_go_on_deciding(self) -> bool:
        """Whether the next item has settled, and the verdict on the one before it is complete."""
        if self._is_deciding or not self._undecided or self._decider.is_satisfied:
            return False
        return _is_settled(self._undecided[0])

    def _may_start(self) -> bool:
        if self._draining or self._source.ended or len(self._undecided) >= self._lookahead:
            return False
        # One item may always start: otherwise a row larger than the bound would never be made.
        if self._undecided and self._bytes >= self._most_bytes:
            return False
        return self._decider.has_room(len(self._undecided))

    def _start_items(self) -> None:
        while self._may_start() and not self._is_clogged():
            if self._fresh == AT_A_TIME:
                return
            item = self._source.take()
            if item is None:
                return
            task = self._loop.create_task(self._settle(item, self._started))
            self._resize(task, _COPIES * len(item.in_flight.encoded))
            self._started += 1
            self._running += 1
            task.add_done_callback(self._done)
            self._undecided.append(task)
            self._fresh += 1
            if self._fresh == 1:
                # They run in the loop's next turn; then it shows what they wait for.
                self._loop.call_soon(self._have_begun)

    def _resize(self, task: asyncio.Future[ItemOutcome], size: int) -> None:
        self._bytes += size - self._sizes.get(task, 0)
        self._sizes[task] = size

    def _have_begun(self) -> None:
        if self._fresh == AT_A_TIME:
            self.wake()
        self._fresh = 0

    def _done(self, task: asyncio.Future[ItemOutcome]) -> None:
        self._running -= 1
        # What waits for its verdict is the rows, not four copies of the input: it makes room for others.
        if _is_settled(task) and task in self._sizes:
            self._resize(task, _size_of(task.result()))
        self.on_change()
        if not task.cancelled() and task.exception() is not None:
            # Every row would meet this error. It's raised at its turn, when the rows before it have their
            # verdicts; until then no call may be sent that would meet it too.
            self._draining = True
            self.on_failure()
            self.wake()
        elif self._draining or (self._undecided and self._undecided[0].done()):
            # Otherwise nothing can be decided yet, and waking up for each settled row would be for nothing.
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
        f"{step}, or its LLM, cancelled the row that it was called for",
        "raise Reject to leave a row out, or an error if it can't be made",
        "only cancel tasks that you started yourself: asyncio.create_task(...)",
    )


def _size_of(settled: ItemOutcome) -> int:
    """Return the bytes of the rows that an item became, and of the rows that they were made from."""
    size = 0
    for rows in settled.made.values():
        size += sum(len(in_flight.encoded) for in_flight in rows)
        parent = rows[0].parent if rows else None
        while parent is not None:
            size += len(parent.encoded)
            parent = parent.parent
    return size


def _is_settled(task: asyncio.Future[ItemOutcome]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
