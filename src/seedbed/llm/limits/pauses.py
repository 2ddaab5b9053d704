"""Waits of calls that have no permit yet: before the next try, or for room in the budget.

Draining and a failed endpoint end these waits. With `asyncio.sleep` they couldn't: a call would pause for up
to a minute at an endpoint that is known to be down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context


class Pauses:
    """The waits at one endpoint. Lives on one event loop."""

    def __init__(self) -> None:
        self._waits: set[asyncio.Future[None]] = set()
        self._is_draining = False

    async def sleep(self, seconds: float) -> None:
        """Wait before the next try of a call."""
        loop = asyncio.get_running_loop()
        pause: asyncio.Future[None] = loop.create_future()
        # An empty context: the loop keeps a timer's context long after it was cancelled, and with it the row,
        # its run and the run's store.
        timer = loop.call_later(seconds, _wake, pause, context=Context())
        try:
            await self.wait(pause)
        finally:
            timer.cancel()

    async def wait(self, event: asyncio.Future[None]) -> None:
        """Wait for an event; raises CancelledError if the endpoint is drained, and its error if it fails."""
        if self._is_draining:
            raise asyncio.CancelledError
        self._waits.add(event)
        try:
            await event
        finally:
            self._waits.discard(event)

    def drain(self) -> None:
        """Cancel every wait, now and from now on."""
        self._is_draining = True
        for event in self._waits:
            event.cancel()

    def fail(self, new_error: Callable[[], Exception]) -> None:
        """Have every wait raise an error of its own."""
        for event in self._waits:
            if not event.done():
                event.set_exception(new_error())


def _wake(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)
