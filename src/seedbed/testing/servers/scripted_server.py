"""A server with scripted replies: in order, by a function, late, in part, or never. It records requests."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.loopback import LoopbackServer
from seedbed.testing.servers.ticket_desk import TicketDesk
from seedbed.testing.servers.wire import Wire


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
        self._desk: TicketDesk | None = None

    def hand_out_tickets(self, protocol: Wire) -> None:
        """Have answers fetched later if the protocol has tickets for them.

        A question then counts as received when its answer is fetched, or is refused.
        """
        self._desk = TicketDesk(protocol)

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
        reply = self._reply_to(await _received(request))
        await self._wait(reply)
        if reply.drop and request.transport is not None:
            request.transport.abort()
        content = {"content-type": "application/json"} | dict(reply.headers)
        if reply.cut:
            return await _half(request, reply.encoded(), content)
        if reply.drip:
            return await _dripping(request, reply, content)
        return web.Response(status=reply.status, headers=content, body=reply.encoded())

    def _reply_to(self, received: Received) -> Reply:
        if self._desk is not None and (ticket := self._desk.ticket_of(received)) is not None:
            return self._fetched(self._desk, ticket)
        try:
            reply = self._next_reply(received)
        except Exception:
            # A body that only a question has, and this request is none: it has come all the same.
            self._note(received)
            raise
        accepted = self._desk.accept(received, reply) if self._desk is not None else None
        if accepted is not None:
            return accepted
        self._note(received)
        return reply

    def _next_reply(self, received: Received) -> Reply:
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if not callable(reply.body):
            return reply
        made = reply.body(received)
        return made if isinstance(made, Reply) else reply._replace(body=made)

    def _fetched(self, desk: TicketDesk, ticket: str) -> Reply:
        """Return the reply to a request for an answer; its question has now been received."""
        early = desk.early(ticket)
        kept = desk.fetch(ticket)
        if early is not None or kept is None:
            return early or Reply(404)
        if not any(one is kept.received for one in self.received):
            self._note(kept.received)
        return kept.reply

    def _note(self, received: Received) -> None:
        self.received.append(received)
        self.wake()

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
