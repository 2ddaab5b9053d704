"""Whose turn it is at a step that needs rows in order."""

from __future__ import annotations

import asyncio


class Turns:
    """Lets items pass one at a time, by position; every item gives up its turn in the end."""

    # An asyncio.Lock would serve items in the order in which they arrive, which depends on the answers'
    # timing; the state of an ordered step would then differ from run to run.

    def __init__(self) -> None:
        self._next = 0
        self._done: set[int] = set()
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def wait_for(self, position: int) -> None:
        """Return when every item at a smaller position has passed or given up."""
        if position > self._next:
            self._waiting[position] = asyncio.get_running_loop().create_future()
            try:
                await self._waiting[position]
            finally:
                # Also if the item is cancelled while it waits.
                del self._waiting[position]

    def give_up(self, position: int) -> None:
        """Pass the turn to the next item; a second call does nothing."""
        if position < self._next:
            # An item gives up twice: after the ordered step, so that the next one needn't wait for the steps
            # downstream, and when it settles, since it may never have reached the step.
            return
        self._done.add(position)
        while self._next in self._done:
            self._done.remove(self._next)
            self._next += 1
        waiting = self._waiting.get(self._next)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
