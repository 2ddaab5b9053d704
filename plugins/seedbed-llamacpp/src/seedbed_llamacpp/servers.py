"""The servers of this process: one for each model file and settings, shared, loaded once, closed at exit."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from functools import cache
from typing import TypeVar

from seedbed import LLMError
from seedbed_llamacpp.call import Stoppable
from seedbed_llamacpp.forks import refuse_after_fork
from seedbed_llamacpp.server import Server, Settings

T = TypeVar("T")


class Lease:
    """A backend's right to use a server; dropping it without `release` closes nothing."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self.settings = settings
        self.server = server


async def answered(lease: Lease, call: Stoppable[T]) -> T:
    """Have a server run a call, and return what it answers."""
    future = lease.server.submit(call)
    try:
        return await asyncio.wrap_future(future)
    finally:
        # On a finished call this does nothing. Without it, a cancelled call would keep its slot busy.
        call.stop(asyncio.CancelledError())


class Servers:
    """Starts servers and leases them; safe to use from several threads."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._ended = False
        self._servers: dict[Settings, Server] = {}
        self._leases: dict[Settings, weakref.WeakSet[Lease]] = {}
        atexit.register(self.close)

    def lease(self, settings: Settings) -> Lease:
        """Return a lease of the server with these settings, which is started if needed; may take seconds.

        Raises LLMError if llama.cpp can't load the file, UsageError in a forked child.
        """
        refuse_after_fork(self._pid)
        with self._lock:
            if self._ended:
                raise LLMError("the process is ending")
            if settings not in self._servers:
                self._servers[settings] = Server(settings)
            lease = Lease(settings, self._servers[settings])
            self._leases.setdefault(settings, weakref.WeakSet()).add(lease)
            return lease

    def release(self, lease: Lease) -> None:
        """Take a lease back; with its last one, a server is closed and its calls in flight are stopped."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            leases = self._leases.get(lease.settings, weakref.WeakSet())
            leases.discard(lease)
            if not leases and self._servers.get(lease.settings) is lease.server:
                del self._servers[lease.settings]
                lease.server.close(LLMError("the model was unloaded while it answered"))

    def close(self) -> None:
        """Cancel all calls and free all models; nothing can be leased afterwards."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._ended = True
            for server in self._servers.values():
                server.close(asyncio.CancelledError())
            self._servers.clear()


@cache
def servers() -> Servers:
    """Return the process's servers."""
    return Servers()
