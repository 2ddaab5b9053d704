"""Connections that are kept for the next requests to the same server."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import Awaitable
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple

from aiohappyeyeballs import start_connection

from seedbed.llm.http.connection import RECEIVED, Connection
from seedbed.llm.http.http_answer import HTTPAnswer
from seedbed.llm.http.wire_errors import CannotConnect, ConnectTimeout

_IDLE_SECONDS = 15.0
"""Seconds for which a connection is kept: many servers close theirs after 20 to 60, some after 5."""
_ADDRESS_SECONDS = 300.0
"""Seconds for which the addresses of a name are remembered."""
_NEXT_ADDRESS_SECONDS = 0.25
"""Seconds after which the next address is tried as well (RFC 8305)."""


class Server(NamedTuple):
    """Where to connect to; `tls` is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


class Connections:
    """Opens connections, keeps them, and gives them out again. Lives on one event loop.

    Their number isn't limited: the gateway limits the number of calls.
    """

    # Connections are kept and used again, since a TLS handshake takes two or three round trips.

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # One for all: it's read before the loop turns to another connection.
        self._received = memoryview(bytearray(RECEIVED))
        self._idle: defaultdict[Server, list[Connection]] = defaultdict(list)
        self._found: dict[tuple[str, int], _Lookup] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def exchange(self, server: Server, request: bytes, most: int, patience: float) -> HTTPAnswer:
        """Send a request, and return the answer; `patience` is how many seconds connecting may take.

        Raises a WireError.
        """
        connection = self._kept(server) or await self._opened(server, patience)
        answering = connection.exchange(request, most)
        # It's sent. Kept until the answer comes, it would be another copy of each prompt in flight.
        del request
        answer = await answering
        if connection.is_open:
            self._keep(server, connection)
        return answer

    def close(self) -> None:
        """Close all connections that are kept."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _kept(self, server: Server) -> Connection | None:
        # The one that was used last: the others may then be closed in time.
        idle = self._idle[server]
        while idle:
            connection = idle.pop()
            if connection.is_open and self._loop.time() - connection.idle_since < _IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def _keep(self, server: Server, connection: Connection) -> None:
        connection.idle_since = self._loop.time()
        self._idle[server].append(connection)
        if self._sweeping is None:
            self._sweep_later()

    def _sweep_later(self) -> None:
        # In an empty context: the loop keeps a timer's context, and with it the row that happened to set it.
        self._sweeping = self._loop.call_later(_IDLE_SECONDS, self._sweep, context=Context())

    def _sweep(self) -> None:
        """Close what wasn't used for a while."""
        self._sweeping = None
        oldest = self._loop.time() - _IDLE_SECONDS
        for server, connections in [*self._idle.items()]:
            for connection in connections:
                if connection.idle_since <= oldest:
                    connection.close()
            kept = [connection for connection in connections if connection.is_open]
            if kept:
                self._idle[server] = kept
            else:
                del self._idle[server]
        if self._idle:
            self._sweep_later()

    async def _opened(self, server: Server, patience: float) -> Connection:
        # A task of its own, for its context: the transport keeps that, and would keep the row that was the
        # first to need the connection.
        opening = self._loop.create_task(self._open(server), context=Context())
        try:
            async with asyncio.timeout(patience):
                return await _awaited(opening)
        except TimeoutError as error:
            # The system's own time-out is one too.
            if isinstance(error, OSError) and error.errno is not None:
                raise CannotConnect(error) from None
            raise ConnectTimeout(patience) from None
        except OSError as error:
            raise CannotConnect(error) from None

    async def _open(self, server: Server) -> Connection:
        addresses = await self._addresses(server.host, server.port)
        opened = await start_connection(
            addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, loop=self._loop
        )
        _, connection = await self._loop.create_connection(
            partial(Connection, self._received),
            sock=opened,
            ssl=server.tls,
            server_hostname=server.host.rstrip(".") if server.tls is not None else None,
        )
        return connection

    async def _addresses(self, host: str, port: int) -> list[Any]:
        """Return the addresses of a name, which many calls that begin together look up once."""
        known = self._found.get((host, port))
        if known is None or known.is_old(self._loop.time()):
            finding = self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            known = _Lookup(self._loop.time(), self._loop.create_task(_with_zone(finding, host)))
            self._found[host, port] = known
        # Shielded: the call that began it may be cancelled while others wait for it.
        return await asyncio.shield(known.finding)


async def _with_zone(finding: Awaitable[list[Any]], host: str) -> list[Any]:
    """Return the addresses found, each with the interface that `host` says: `fe80::1%eth0`."""
    found, (_, sign, zone) = await finding, host.partition("%")
    if not zone:
        return found
    # As text: uvloop takes no notice of the number that it has otherwise.
    return [(*others, (text.partition("%")[0] + sign + zone, *rest)) for *others, (text, *rest) in found]


async def _awaited(opening: asyncio.Task[Connection]) -> Connection:
    try:
        return await opening
    except asyncio.CancelledError:
        # It may have been opened in the same turn of the loop: nobody would ever close it.
        opening.add_done_callback(_close_unused)
        raise


def _close_unused(opening: asyncio.Task[Connection]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class _Lookup(NamedTuple):
    begun: float
    finding: asyncio.Task[list[Any]]

    def is_old(self, now: float) -> bool:
        """Whether it has to be done again: it has failed, or some time has passed."""
        finding = self.finding
        has_failed = finding.done() and (finding.cancelled() or finding.exception() is not None)
        return has_failed or now - self.begun >= _ADDRESS_SECONDS
