"""Rows on their way from a run to the program that iterates over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from queue import SimpleQueue

from seedbed.llm.calling.loop import call_soon


class Handover:
    """Passes rows from the loop thread to one reader on another, and says when it has too many of them.

    `on_room` is called, on the reader's thread, when the reader has caught up.
    """

    def __init__(self, most_rows: int, most_bytes: int) -> None:
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._rows: SimpleQueue[bytes | None] = SimpleQueue()
        # Each is written by one thread only, so neither needs a lock.
        self._bytes_put = self._bytes_taken = 0
        self._is_waited_for = False
        self._on_news: Callable[[], object] = _nothing
        self.on_room: Callable[[], object] = _nothing

    def put(self, row: bytes) -> None:
        """Hand a row over, as JSON."""
        self._bytes_put += len(row)
        self._rows.put(row)
        self._on_news()

    def end(self) -> None:
        """Let the reader end after the rows that have been handed over."""
        self._rows.put(None)
        self._on_news()

    def is_full(self) -> bool:
        """Whether so many rows wait for the reader that none should be started."""
        # Before the look: a reader that takes the last row just after it would otherwise wake nobody, and
        # both sides would wait for each other.
        self._is_waited_for = True
        if self._is_above(self._most_rows, self._most_bytes):
            return True
        self._is_waited_for = False
        return False

    def rows(self) -> Iterator[bytes]:
        """Yield the rows as they come, until the end."""
        while (row := self._rows.get()) is not None:
            self._take(row)
            yield row

    async def arows(self) -> AsyncIterator[bytes]:
        """Yield the rows as they come, until the end, without blocking the event loop."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        self._on_news = lambda: call_soon(loop, news.set)
        while True:
            news.clear()
            while not self._rows.empty():
                if (row := self._rows.get_nowait()) is None:
                    return
                self._take(row)
                yield row
            await news.wait()

    def _take(self, row: bytes) -> None:
        self._bytes_taken += len(row)
        # At half: woken for each row that it takes, the run would start them one by one.
        if self._is_waited_for and not self._is_above(self._most_rows // 2 + 1, self._most_bytes // 2):
            self._is_waited_for = False
            self.on_room()

    def _is_above(self, rows: int, size: int) -> bool:
        return self._rows.qsize() >= rows or self._bytes_put - self._bytes_taken >= size


def _nothing() -> None:
    """Do nothing: nobody waits."""
