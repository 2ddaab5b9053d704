"""A server of the Chat Completions protocol: its answers follow from the requests, and it keeps a record."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import pytest
from aiohttp import web

from seedbed.testing import LoopbackServer

BEAT = 0.01


@dataclass(slots=True)
class Asked:
    """One request: in which session it came, its body, and when (monotonic) it came and was answered."""

    session: int
    body: bytes
    arrived: float
    answered: float | None = None
    refused: bool = False

    @property
    def was_paid(self) -> bool:
        """Whether an answer was given."""
        return self.answered is not None and not self.refused

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        text: str = json.loads(self.body)["messages"][-1]["content"]
        return text

    @property
    def model(self) -> str:
        """The model that was asked."""
        model: str = json.loads(self.body)["model"]
        return model


def digest_of(body: bytes) -> str:
    """Return the text that a request is answered with unless a test says otherwise."""
    return hashlib.sha256(body).hexdigest()[:16]


class AnsweringServer(LoopbackServer):
    """Answers each request, with its seed, always alike, some milliseconds later.

    `answer` makes the text of an answer, None to refuse the request; `seconds` is the longest that one takes.
    Both may be replaced, and `session` counted up, from any thread.
    """

    def __init__(self, seconds: float = 0.02) -> None:
        super().__init__(patience=60.0)
        self.session = 0
        self.seconds = seconds
        self.answer: Callable[[bytes], str | None] = digest_of
        self._log: list[Asked] = []
        self._free = sys.maxsize
        self._beats: list[float] = []
        self._released = asyncio.Event()

    @property
    def log(self) -> list[Asked]:
        """All requests, in the order of their arrival."""
        with self._changed:
            return [*self._log]

    @property
    def base_url(self) -> str:
        """The address for a client of the protocol."""
        return f"{self.url}/v1"

    @property
    def prompts(self) -> list[str]:
        """The last message of each request."""
        return [asked.prompt for asked in self.log]

    @property
    def count(self) -> int:
        """How many requests came."""
        return len(self._log)

    def bodies(self) -> Counter[bytes]:
        """Return how often each request came."""
        return Counter(asked.body for asked in self.log)

    def hold_after(self, number: int) -> None:
        """Answer that many requests from now on, and have the next ones wait until `release`."""
        self.loop.call_soon_threadsafe(self._released.clear)
        self._free = self.count + number

    def release(self) -> None:
        """Answer all requests."""
        self._free = sys.maxsize
        self.loop.call_soon_threadsafe(self._released.set)

    def forget(self) -> None:
        """Forget the requests so far."""
        with self._changed:
            self._log.clear()

    def wait_until_the_log(self, holds: Callable[[list[Asked]], bool]) -> None:
        """Return when something holds of the requests: looked at when one comes or is answered."""
        self.wait_until(lambda: holds(self._log))

    def lateness(self, start: float, end: float) -> float:
        """Return how long the machine kept this process from working in all, from one moment to another."""
        beats = [beat for beat in self._beats if start - 1 <= beat <= end + 1]
        return sum(later - beat - BEAT for beat, later in pairwise(beats))

    def application(self) -> web.Application:
        """Return an application of the one path of the protocol, with a heart beating beside it."""
        application = web.Application(client_max_size=2**30)
        application.router.add_post("/v1/chat/completions", self._respond)
        application.cleanup_ctx.append(self._beating)
        return application

    async def _beating(self, _: web.Application) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._beat())
        yield
        beating.cancel()

    async def _beat(self) -> None:
        while True:
            self._beats.append(time.monotonic())
            await asyncio.sleep(BEAT)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = Asked(self.session, body, time.monotonic())
        with self._changed:
            waits = len(self._log) >= self._free
            self._log.append(asked)
            self._changed.notify_all()
        share = int(hashlib.md5(body).hexdigest()[:4], 16) / 0xFFFF
        await asyncio.sleep(self.seconds * (1 + 3 * share) / 4)
        if waits:
            await self._released.wait()
        text = self.answer(body)
        response = _refusal() if text is None else _completion(text)
        await response.prepare(request)
        # The last moment at which the client cannot have it yet.
        sent = time.monotonic()
        with suppress(ConnectionError):
            await response.write_eof()
            asked.answered, asked.refused = sent, text is None
        self.wake()
        return response


def _completion(text: str) -> web.Response:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return web.json_response({"object": "chat.completion", "choices": [choice], "usage": usage})


def _refusal() -> web.Response:
    return web.json_response({"error": {"message": "this request is not for me"}}, status=400)


@pytest.fixture
def answering_server() -> Iterator[AnsweringServer]:
    """A server whose answers follow from the requests, new for each test."""
    with AnsweringServer(seconds=0.004) as server:
        yield server
