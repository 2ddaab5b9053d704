"""Whose turn it is at a step that needs rows in order."""

from __future__ import annotations

import asyncio


class Turns:
    """Lets items pass one after the other, by position; every item gives up its turn in the end."""

    def __init__(self) -> None:
        self._next = 0
        self._done: set[int] = set()
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def wait_for(self, position: int) -> None:
        """Return when every item of a smaller position has passed or has given up."""
        if position > self._next:
            self._waiting[position] = asyncio.get_running_loop().create_future()
            try:
                await self._waiting[position]
            finally:
                del self._waiting[position]

    def give_up(self, position: int) -> None:
        """Let the next one have its turn; nothing happens the second time."""
        if position < self._next:
            return
        self._done.add(position)
        while self._next in self._done:
            self._done.remove(self._next)
            self._next += 1
        waiting = self._waiting.get(self._next)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
