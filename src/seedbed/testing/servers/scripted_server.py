"""A server with scripted replies: in order, by a function, late, in part, or never. It records requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from aiohttp import web

from seedbed.testing.servers.loopback import LoopbackServer


class Reply(NamedTuple):
    """One reply. A `dict` or `list` body is sent as JSON.

    A function as a body is called with the request, and returns a body, or a whole reply.

        server.answer_with(Reply(503, {"error": "busy"}), Reply(body={"text": "Blue."}))

    `drop` closes the connection without an answer, `cut` after half of the body. `hang` never answers, `hold`
    not until `release` is called. `drip` sends a piece of the body every `drip` seconds.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}
    drop: bool = False
    cut: bool = False
    hang: bool = False
    drip: float = 0.0
    hold: bool = False

    def encoded(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class Received(NamedTuple):
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, parsed as JSON."""
        return json.loads(self.body)


class ScriptedServer(LoopbackServer):
    """Answers each request with its next reply, and repeats the last one forever.

        with ScriptedServer() as server:
            server.answer_with(Reply(body={"text": "Blue."}))
            llm = ParrotLLM(model="any", base_url=server.url)

    `received` has the requests in the order of arrival. `abandoned` counts those whose client disconnected
    before the answer.
    """

    notices_disconnection = True

    def __init__(self, *, patience: float = 30.0) -> None:
        super().__init__(patience=patience)
        self.received: list[Received] = []
        self.abandoned = 0
        self._replies: list[Reply] = [Reply(body={})]
        self._released = asyncio.Event()

    def answer_with(self, *replies: Reply) -> None:
        """Set the next replies, and forget the requests so far."""
        self.received.clear()
        self._replies[:] = replies

    @property
    def count(self) -> int:
        """How many requests have arrived."""
        return len(self.received)

    def wait_for(self, count: int) -> None:
        """Wait until this many requests have arrived."""
        self.wait_until(lambda: self.count >= count, f"request {count}")

    def release(self) -> None:
        """Send the held replies, and stop holding replies."""
        self.loop.call_soon_threadsafe(self._released.set)

    def application(self) -> web.Application:
        """Return an application that accepts every request."""
        application = web.Application(client_max_size=2**30)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        received = await _received(request)
        self.received.append(received)
        self.wake()
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if callable(reply.body):
            made = reply.body(received)
            reply = made if isinstance(made, Reply) else reply._replace(body=made)
        await self._wait(reply)
        if reply.drop and request.transport is not None:
            request.transport.abort()
        content = {"content-type": "application/json"} | dict(reply.headers)
        if reply.cut:
            return await _half(request, reply.encoded(), content)
        if reply.drip:
            return await _dripping(request, reply, content)
        return web.Response(status=reply.status, headers=content, body=reply.encoded())

    async def _wait(self, reply: Reply) -> None:
        try:
            if reply.hang:
                await self.stopped.wait()
            if reply.hold:
                await self._released.wait()
        except asyncio.CancelledError:
            self.abandoned += 1
            self.wake()
            raise


async def _received(request: web.Request) -> Received:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Received(request.method, request.path, dict(request.query), headers, await request.read())


async def _half(request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers | {"content-length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _dripping(request: web.Request, reply: Reply, headers: dict[str, str]) -> web.StreamResponse:
    body = reply.encoded()
    response = web.StreamResponse(status=reply.status, headers=headers | {"content-length": str(len(body))})
    await response.prepare(request)
    with suppress(ConnectionError):
        for start in range(0, len(body), 16):
            await asyncio.sleep(reply.drip)
            await response.write(body[start : start + 16])
    return response
