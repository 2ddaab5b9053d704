"""Items that settle in the source's thread, decided on the loop in their order."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable

from seedbed.engine.segments.inline_flow import Inlined, InlineFlow
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.window import Window, always, nothing
from seedbed.engine.sources.sources import Source
from seedbed.engine.sources.threaded import Threaded
from seedbed.engine.stopping.cancellation import CANCELLED
from seedbed.engine.verdicts.decider import Decider
from seedbed.llm.calling.scope import current_scope

AT_A_TIME = 256
"""Items that are decided before the loop gets to other work: signals, timers, other runs."""

AHEAD = 2048
"""Items that may wait to be decided: none of them waits for an answer, so the loop soon takes them all."""
# The loop looks every 5 ms, and may have to wait as long again for the interpreter's lock: with two blocks of
# 256 items, which take less than that, the source's thread would wait for the loop a fifth of the time.

_SECONDS_BETWEEN_LOOKS = 0.005
# Being woken costs the loop, and the source's thread, as much as deciding an item. While items come, the loop
# looks by itself; it's woken for the first one after a pause.


class SettledItems(Source):
    """Items of a blocking iterator, each taken through the steps in the iterator's own thread.

    At most 2,048 of them, and `most_bytes`, wait to be decided. `is_watched` says that the loop looks for new
    ones by itself, so it's not woken for them.
    """

    def __init__(self, given: Threaded, flow: InlineFlow) -> None:
        self.keep = given.keep
        self._given = given
        self._flow = flow
        self._most_bytes = given.most_bytes
        self._loop = asyncio.get_running_loop()
        self._settled: deque[Inlined | RowBlock] = deque()
        # Each is written by one thread only, so no lock is needed for a pair.
        self._bytes_made = self._bytes_taken = 0
        self._items_made = self._items_taken = 0
        self._has_room = threading.Event()
        self.is_watched = False
        self._is_told = self._is_closed = self._is_exhausted = False
        context = contextvars.copy_context()
        context.run(current_scope.set, None)
        # A daemon: an iterator that waits forever must not keep the process from ending.
        threading.Thread(target=context.run, args=(self._iterate,), daemon=True).start()

    def take(self) -> Inlined | RowBlock | None:  # type: ignore[override]
        """Return the next item or block that has settled; None if there's none yet, or no more (`ended`)."""
        # Read first: otherwise an item that comes between the two reads would be lost with the end.
        is_exhausted = self._is_exhausted
        if not self._settled:
            self.ended = is_exhausted
            return None
        inlined = self._settled.popleft()
        self._bytes_taken += inlined.size
        self._items_taken += len(inlined)
        if not self._has_room.is_set():
            self._has_room.set()
        return inlined

    def close(self) -> None:
        """Make the thread end at its next item."""
        self._is_closed = True
        self._has_room.set()

    def _iterate(self) -> None:
        try:
            for inlined in self._flow.settled(self._given):
                if self._is_closed:
                    return
                self._items_made += len(inlined)
                self._bytes_made += inlined.size
                self._settled.append(inlined)
                self._tell()
                if inlined.error is not None:
                    break
                self._wait_for_room()
        except CANCELLED as raised:
            if not self._is_closed:
                # Nobody cancelled it: the author's code raised it.
                self.error = RuntimeError(f"the step raised {type(raised).__name__}")
        except BaseException as raised:  # noqa: BLE001 - reported with the run
            self.error = raised
        self._is_exhausted = True
        self._tell()

    def _wait_for_room(self) -> None:
        while not self._is_closed and self._is_full():
            self._has_room.clear()
            # Again, after the flag is down: what was taken or closed in between has set it in vain.
            if self._is_full() and not self._is_closed:
                self._has_room.wait()

    def _is_full(self) -> bool:
        waiting = self._bytes_made - self._bytes_taken
        is_ahead = self._items_made - self._items_taken >= AHEAD
        return is_ahead or (waiting > self._most_bytes and bool(self._settled))

    def _tell(self) -> None:
        # Once until the loop has looked: waking it for each item would cost more than the item itself.
        if not self.is_watched and not self._is_told and not self._loop.is_closed():
            self._is_told = True
            self._loop.call_soon_threadsafe(self._receive)

    def _receive(self) -> None:
        self._is_told = False
        self.on_news()


class InlineWindow(Window):
    """Decides items that have settled, and keeps what was made of them; nothing is ever in flight.

    `is_clogged` tells whether the store's writer can't keep up.
    """

    def __init__(
        self, source: SettledItems, flow: InlineFlow, decider: Decider, is_clogged: Callable[[], bool]
    ) -> None:
        self._source = source
        self._flow = flow
        self._decider = decider
        self._is_clogged = is_clogged
        self._news = asyncio.Event()
        self._is_draining = False
        self._seen = 0
        source.on_news = self.wake

    async def decided(self) -> AsyncGenerator[ItemOutcome | RowBlock]:
        """Yield the verdict of each item, or those of a block of items."""
        number = yielded_at = 0
        try:
            # Items after the last one wanted have been computed in vain, which costs no money: nothing of
            # them is kept.
            while not self._is_draining and self._decider.has_room(0):
                inlined = None if self._is_clogged() else self._source.take()
                if inlined is None:
                    if self._source.ended:
                        return
                    self.on_change()
                    await self._more(number)
                    continue
                if isinstance(inlined, RowBlock):
                    yield self._decider.decide_block(inlined)
                else:
                    yield await self._decider.decide(self._kept(inlined))
                number += len(inlined)
                if number - yielded_at >= AT_A_TIME:
                    yielded_at = number
                    await asyncio.sleep(0)
        finally:
            self._source.close()
            # They hold the run, which holds the window: without this cycle it's freed at once.
            self._is_clogged = always
            self._source.on_news = self.on_change = self.on_failure = nothing

    async def _more(self, number: int) -> None:
        """Wait until there may be more items than the first `number` of them."""
        if number > self._seen:
            self._seen, self._source.is_watched = number, True
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        elif self._source.is_watched:
            # Once more after this: an item that has come just before is one that nobody was woken for.
            self._source.is_watched = False
        else:
            await self._news.wait()
            self._news.clear()

    def wake(self) -> None:
        """Look again for items that have settled."""
        self._news.set()

    def drain(self) -> None:
        """Decide nothing more: what has settled costs only processor time to make again."""
        self._is_draining = True
        self._source.close()
        self.wake()

    def cancel(self) -> None:
        """Decide nothing more."""
        self.drain()

    @property
    def running(self) -> int:
        """None is in flight."""
        return 0

    @property
    def is_stuck(self) -> bool:
        """It never waits for an item."""
        return False

    def _kept(self, inlined: Inlined) -> ItemOutcome:
        if self._source.keep is not None and inlined.item.failure is None:
            self._source.keep(inlined.item)
        try:
            return self._flow.keep(inlined)
        except BaseException:
            self._is_draining = True
            self.on_failure()
            raise
