"""HTTP servers on loopback, each with its own thread and event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self

from aiohttp import web


class LoopbackServer(ABC):
    """An aiohttp application on a free port, served during a `with` block; `url` is its address.

    Code on its loop calls `wake` when something changes. Other threads call `wait_until` something holds, for
    at most `patience` seconds. No two servers of a process have the same address, one after the other either.
    """

    _ports: ClassVar[set[int]] = set()

    notices_disconnection: ClassVar[bool] = False
    """Whether a request's handler is cancelled when its client disconnects."""

    def __init__(self, *, patience: float = 30.0) -> None:
        self.patience = patience
        self.url = ""
        self.loop = asyncio.new_event_loop()
        self.stopped = asyncio.Event()
        self._changed = threading.Condition(threading.RLock())

    @abstractmethod
    def application(self) -> web.Application:
        """Return the application to serve."""

    def wait_until(self, holds: Callable[[], bool], what: str = "what was waited for") -> None:
        """Wait until something holds, checked at each `wake`; AssertionError after `patience` seconds."""
        with self._changed:
            if not self._changed.wait_for(holds, self.patience):
                raise AssertionError(f"{what} did not come within {self.patience:g} s")

    def wake(self) -> None:
        """Have waiting threads check again."""
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
        await web.SockSite(runner, self._socket()).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        started.set()
        await self.stopped.wait()
        # Accept connections that are pending: if a server closes in between, asyncio leaks the socket.
        for _ in range(4):
            await asyncio.sleep(0)
        await runner.cleanup()

    @classmethod
    def _socket(cls) -> socket.socket:
        """Return a socket on a port that no server of this process has had."""
        # What a process knows of a server (its limits, its certificate, that it has answered) is kept by its
        # address, and the system gives the ports of one test to the next.
        while True:
            made = socket.create_server(("127.0.0.1", 0))
            port = made.getsockname()[1]
            if port not in cls._ports:
                cls._ports.add(port)
                return made
            made.close()
