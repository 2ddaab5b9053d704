"""What a worker has to tell, gathered until it's worth a message."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from seedbed.engine.workers.worker_messages import News

GATHERING = 0.01
"""Seconds for which news are gathered before they're sent: one message for many rows."""
# A message takes about a millisecond of both processes. A call to a model takes a hundred times as long.

PATIENCE = 0.1
"""Seconds for which news are gathered that nothing waits for."""
# Rows that take 20 ms of a processor: told alone, each cost 6 ms of the run's process, the worker and Ray.
# A worker has a quarter of a second of work in hand, so it isn't idle meanwhile.


class UnsentNews:
    """Holds the news of a worker until they're taken; lives on the loop's thread.

    `tell` says that something has been added to `news`. If it may wait, more is gathered before it's sent.
    """

    def __init__(self) -> None:
        self.news = News()
        self._some = asyncio.Event()
        self._urgent = asyncio.Event()

    def tell(self, *, may_wait: bool = False) -> None:
        """Note that there's something to tell."""
        self._some.set()
        if not may_wait:
            self._urgent.set()

    async def gathered(self) -> News:
        """Wait until there's something to tell, and for what may come with it; return it."""
        await self._some.wait()
        await asyncio.sleep(GATHERING)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._urgent.wait(), PATIENCE - GATHERING)
        self._some.clear()
        self._urgent.clear()
        return self.news
