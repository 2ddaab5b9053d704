"""A scripted HTTP server on loopback: it answers as told, drops, hangs, and records what it was sent."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from aiohttp import web


class Reply(NamedTuple):
    """One answer: a `dict` or `list` body is sent as JSON, a function is called with the request to make one.

    `drop` closes the connection without an answer, `cut` after half of the body; `hang` never answers, `drip`
    sends a piece of the body every so many seconds.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}
    drop: bool = False
    cut: bool = False
    hang: bool = False
    drip: float = 0.0

    def encoded(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class Received(NamedTuple):
    """One request as it arrived; names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, which is JSON."""
        return json.loads(self.body)


@dataclass
class FaultServer:
    """Answers each request with the next of its replies, and with the last one for ever."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    _replies: list[Reply] = field(default_factory=lambda: [Reply(body={})])
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def answer_with(self, *replies: Reply) -> None:
        """Set the replies to come, and forget what was received."""
        self.received.clear()
        self._replies[:] = replies

    @property
    def count(self) -> int:
        """How many requests have arrived."""
        return len(self.received)

    def __enter__(self) -> FaultServer:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="fault-server", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _serve(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run(started))

    async def _run(self, started: threading.Event) -> None:
        application = web.Application(client_max_size=2**30)
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        started.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.method, request.path, dict(request.query), headers, await request.read())
        self.received.append(received)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if callable(reply.body):
            reply = reply._replace(body=reply.body(received))
        if reply.hang:
            await self._stopped.wait()
        if reply.drop and request.transport is not None:
            request.transport.abort()
        content = {"content-type": "application/json"} | dict(reply.headers)
        if reply.cut:
            return await _half(request, reply.encoded(), content)
        if reply.drip:
            return await _dripping(request, reply, content)
        return web.Response(status=reply.status, headers=content, body=reply.encoded())


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


@pytest.fixture
def fault_server() -> Iterator[FaultServer]:
    """A scripted server, new for each test."""
    with FaultServer() as server:
        yield server
