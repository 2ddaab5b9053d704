"""HTTP servers on loopback, each on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self

from aiohttp import web


class LoopbackServer(ABC):
    """An aiohttp application on a free port, served from `with` to its end; `url` says where.

    What runs on its loop may call `wake`, and other threads `wait_until` something holds, `patience` seconds
    at the longest.
    """

    notices_disconnection: ClassVar[bool] = False
    """Whether the handler of a request is cancelled when its client goes."""

    def __init__(self, *, patience: float = 30.0) -> None:
        self.patience = patience
        self.url = ""
        self.loop = asyncio.new_event_loop()
        self.stopped = asyncio.Event()
        self._changed = threading.Condition(threading.RLock())

    @abstractmethod
    def application(self) -> web.Application:
        """Return what is served."""

    def wait_until(self, holds: Callable[[], bool], what: str = "what was waited for") -> None:
        """Return when something holds: looked at again at each `wake`; AssertionError if it never does."""
        with self._changed:
            if not self._changed.wait_for(holds, self.patience):
                raise AssertionError(f"{what} did not come within {self.patience:g} s")

    def wake(self) -> None:
        """Have those who wait look again."""
        with self._changed:
            self._changed.notify_all()

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="loopback", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.stopped.set)
        self._thread.join()

    def _serve(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._run(started))

    async def _run(self, started: threading.Event) -> None:
        runner = web.AppRunner(
            self.application(),
            shutdown_timeout=0.1,
            access_log=None,
            handler_cancellation=self.notices_disconnection,
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        started.set()
        await self.stopped.wait()
        # Who has just connected is let in first: asyncio leaks the socket where a server closes in between.
        for _ in range(4):
            await asyncio.sleep(0)
        await runner.cleanup()
