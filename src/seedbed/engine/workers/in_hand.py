"""An item that a worker has, or that waits for one."""

from __future__ import annotations

import asyncio

from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.messages import Settled
from seedbed.errors import PluginError

_MOST_LOST = 3
"""Workers that may die with an item in their hands before the item is taken to be the cause."""


class InHand:
    """An item that a worker has, or that waits for one; `losses` counts the workers that died with it."""

    def __init__(self, item: Item, position: int) -> None:
        self.item = item
        self.position = position
        self.settled: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self.losses = 0

    def fail(self, number: int, error: BaseException) -> None:
        """End the item with an error that every other one would meet."""
        if not self.settled.done():
            self.settled.set_result(Settled(number, error=error))

    def survives(self, number: int, error: BaseException) -> bool:
        """Whether the item goes to another worker, after one has died with it."""
        self.losses += 1
        if self.losses < _MOST_LOST:
            return True
        deadly = PluginError(
            f"{_MOST_LOST} workers have died with row '{self.item.id}' in their hands: {error}",
            "its step or its LLM ends the process, or takes more memory than there is",
        )
        self.fail(number, deadly)
        return False
