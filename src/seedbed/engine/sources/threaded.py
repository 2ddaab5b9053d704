"""A source that is a blocking iterator: it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from seedbed.engine.sources.sources import Item, Source
from seedbed.engine.sources.stretches import Stretch
from seedbed.engine.stopping.cancellation import CANCELLED
from seedbed.llm.calling.scope import current_scope

# With nothing made ahead, each row would cost two hops between the threads, of 0.1 ms each. The bytes are a
# quarter of the 256 MiB that may be in flight.
READ_AHEAD = 64
BYTES_AHEAD = 2**26


class Threaded(NamedTuple):
    """A source that is a blocking iterator: its items, and how many of them may be made ahead.

    `keep` is called with each item, on the loop, before it's handed out. `stretches` yields the same items,
    many at a time, if the source can.
    """

    items: Callable[[], Iterator[Item]]
    ahead: int = READ_AHEAD
    keep: Callable[[Item], None] | None = None
    most_bytes: int = BYTES_AHEAD
    stretches: Callable[[], Iterator[Stretch | Item]] | None = None


class ThreadedSource(Source):
    """The items of a blocking iterator, which runs in its own thread, `ahead` items in advance.

    With 0 it makes an item only on request, as each may cost a call. `keep` is called with each item, on the
    loop, before it's handed out.
    """

    def __init__(
        self,
        items: Callable[[], Iterator[Item]],
        ahead: int = READ_AHEAD,
        keep: Callable[[Item], None] | None = None,
        most_bytes: int = BYTES_AHEAD,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[Item] = deque()
        self._ahead = ahead
        self._keep = keep
        self._asked = False
        self._told = False
        self._room = threading.Semaphore(ahead)
        self._most_bytes = most_bytes
        # Each is written by one thread only, so no lock is needed for the pair.
        self._bytes_made = self._bytes_taken = 0
        self._lighter = threading.Event()
        self._closed = False
        self._exhausted = False
        context = contextvars.copy_context()
        # Calls of a generator belong to its step as a whole: its LLM carries that scope. A scope in the
        # context that is copied here would count them for one row.
        context.run(current_scope.set, None)
        # A daemon: an iterator that waits forever must not keep the process from ending.
        threading.Thread(target=context.run, args=(self._iterate, items), daemon=True).start()

    def take(self) -> Item | None:
        """Return the next item that the thread has made."""
        # Read first: otherwise an item that comes between the two reads would be lost with the end of the
        # source.
        exhausted = self._exhausted
        if self._items:
            item = self._items.popleft()
            self._asked = False
            self._bytes_taken += len(item.in_flight.encoded)
            self._lighter.set()
            if self._ahead:
                self._room.release()
            if self._keep is not None and item.failure is None:
                self._keep(item)
            return item
        self.ended = exhausted
        if not self._ahead and not self._asked:
            self._asked = True
            self._room.release()
        return None

    def close(self) -> None:
        """Make the thread end at its next item."""
        self._closed = True
        # It may wait for either of the two, and has to see that it's closed.
        self._room.release()
        self._lighter.set()

    def _iterate(self, items: Callable[[], Iterator[Item]]) -> None:
        try:
            iterator = items()
            while True:
                self._room.acquire()
                self._wait_until_lighter()
                if self._closed:
                    return
                item = next(iterator, None)
                if item is None:
                    break
                self._bytes_made += len(item.in_flight.encoded)
                self._items.append(item)
                self._tell()
        except CANCELLED as raised:
            if not self._closed:
                # Nobody cancelled it: the author's code raised it.
                self.error = RuntimeError(f"the step raised {type(raised).__name__}")
        except BaseException as raised:  # noqa: BLE001 - reported with the run
            self.error = raised
        self._exhausted = True
        self._tell()

    def _wait_until_lighter(self) -> None:
        # What is in `_items` is taken sooner or later, so this ends.
        while self._bytes_made - self._bytes_taken > self._most_bytes and not self._closed:
            self._lighter.wait()
            self._lighter.clear()

    def _tell(self) -> None:
        # Once until the loop has looked: waking it for each item would cost more than the item itself.
        if not self._told and not self._loop.is_closed():
            self._told = True
            self._loop.call_soon_threadsafe(self._receive)

    def _receive(self) -> None:
        self._told = False
        self.on_news()
