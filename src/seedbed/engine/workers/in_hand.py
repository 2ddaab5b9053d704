"""An item that a worker has, or that waits for one."""

from __future__ import annotations

import asyncio

from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.worker_messages import Settled
from seedbed.errors import PluginError

_SUSPECT = 3
"""Workers that may die with an item among others in their hands; then it's given to one alone."""

_ALONE = 2
"""Workers that may die with that item alone; then it's the cause."""
# A worker has dozens of items in its hands, and any of them may be why it died. Or none: a machine was taken
# away.


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

    @property
    def is_suspect(self) -> bool:
        """Whether so many workers have died with it that it has to be made alone."""
        return self.losses >= _SUSPECT

    def survives(self, number: int, error: BaseException) -> bool:
        """Whether the item goes to another worker, after one has died with it."""
        self.losses += 1
        if self.losses < _SUSPECT + _ALONE:
            return True
        deadly = PluginError(
            f"workers die of row '{self.item.id}': {_ALONE} had nothing else in their hands, and {_SUSPECT} "
            f"before them had it, too: {error}",
            "its step or its LLM ends the process, or takes more memory than there is",
        )
        self.fail(number, deadly)
        return False
