"""One connection to a server: a request at a time, and its answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import cast

from seedbed.llm.http.http_answer import HTTPAnswer
from seedbed.llm.http.response_reader import ResponseReader
from seedbed.llm.http.wire_errors import CannotConnect, Disconnected, NotHTTP

_QUOTED = 32

RECEIVED = 2**18
"""Bytes that a connection takes at a time, as asyncio does; more come in several pieces."""


class Connection(asyncio.BufferedProtocol):
    """Sends requests one after the other, and reads their answers.

    `is_open` says whether it may take a request; `idle_since` is for whoever keeps it meanwhile. `received`
    is where the loop puts what comes: all connections of a loop may share it.
    """

    # A buffered protocol: for any other, asyncio makes a new object of 256 kB for each piece. Where the
    # system has to map that, it takes 13 us for an answer of 2 kB; this takes 2.

    # One future for each call, and nothing else: aiohttp's request, response, streams and timers took a
    # quarter of the processor time of a row.

    def __init__(self, received: memoryview) -> None:
        self._received = received
        self.is_open = False
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = ResponseReader()
        self._unasked = b""
        self._is_new = True
        self._complete: asyncio.Future[None] | None = None

    def exchange(self, request: bytes, most: int) -> Awaitable[HTTPAnswer]:
        """Send a request, and return an awaitable for the answer to it, whose body has at most `most` bytes.

        Raises a WireError if there's none. A call that is cancelled closes the connection.
        """
        # Not a coroutine itself: it would keep the request until the answer comes.
        if not self.is_open or self._transport is None:
            raise NotHTTP(self._unasked) if self._unasked else Disconnected()
        self._reader.begin(most)
        self._complete = self._loop.create_future()
        self._transport.write(request)
        return self._answer(self._complete)

    async def _answer(self, complete: asyncio.Future[None]) -> HTTPAnswer:
        try:
            await complete
            self._is_new = False
            return self._reader.take()
        except BaseException:
            self.close()
            raise
        finally:
            self._complete = None
            if not (self._reader.is_reusable and self._has_sent_all()):
                self.close()

    def _has_sent_all(self) -> bool:
        # A server may answer before it has read all: "413 Content Too Large". The rest isn't a new request.
        return self._transport is not None and not self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close the connection at once."""
        self.is_open = False
        if self._transport is not None:
            # Not `close`, which would wait for a server that doesn't read to take the rest of a request.
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # Not `isinstance`: those of uvloop, which an application may have chosen, are no asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put what comes; whatever is there has been read."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Read the answer on; what nobody has asked for ends the connection."""
        # A copy, which is no longer than what came: pieces of it are kept until the answer is complete.
        data = bytes(self._received[:nbytes])
        if self._complete is None or self._complete.done():
            # A server that speaks first speaks another protocol.
            self._unasked = data[:_QUOTED]
            self.close()
            return
        try:
            is_complete = self._reader.feed(data)
        except Exception as error:  # noqa: BLE001 - raised where the answer is waited for
            self._complete.set_exception(error)
            return
        if is_complete:
            self._complete.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """End the answer, or the wait for it."""
        self.is_open = False
        self._transport = None
        if self._complete is None or self._complete.done():
            return
        if error is None and self._reader.ends_here():
            self._complete.set_result(None)
        elif isinstance(error, ssl.SSLError) and self._is_new and not self._reader.is_begun:
            # With TLS 1.3, a server refuses the handshake after it has ended for us: it wants a certificate.
            self._complete.set_exception(CannotConnect(error))
        else:
            self._complete.set_exception(Disconnected(is_begun=self._reader.is_begun))
