"""A backend that fails now and then, deterministically."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from seedbed.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextOverflowError,
    InvalidResponseError,
    LLMConnectionError,
    LLMError,
    RateLimitedError,
    ServerError,
    TimedOutError,
)
from seedbed.llm.calling.request_digest import request_digest
from seedbed.llm.llm import LLM
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.testing.doubles.echo_llm import EchoLLM
from seedbed.testing.doubles.wrapping_llm import WrappingLLM

Fault = Literal[
    "rate-limited",
    "server",
    "timed-out",
    "connection",
    "invalid-response",
    "content-filtered",
    "context-overflow",
    "bad-request",
    "authentication",
    "hang",
]
"""What can go wrong: a typed error of this name, or a call that never ends (`hang`)."""

PASSING: tuple[Fault, ...] = ("rate-limited", "server", "timed-out", "connection", "invalid-response")
"""Faults that a retry can fix."""

_ERRORS: dict[Fault, Callable[[], LLMError]] = {
    "rate-limited": lambda: RateLimitedError("slow down", status=429),
    "server": lambda: ServerError("the server failed", status=500),
    "timed-out": lambda: TimedOutError("no answer in time"),
    "connection": lambda: LLMConnectionError("the connection was closed"),
    "invalid-response": lambda: InvalidResponseError("half an answer"),
    "content-filtered": lambda: ContentFilteredError("the prompt is refused"),
    "context-overflow": lambda: ContextOverflowError("the prompt is too long", status=400),
    "bad-request": lambda: BadRequestError("the request is refused", status=400),
    "authentication": lambda: AuthenticationError("the key is wrong", status=401),
}


class FaultyLLM(WrappingLLM):
    """Fails some calls of another LLM, by a script or at a rate, deterministically.

        FaultyLLM(EchoLLM(), rate=0.2)                               # every fifth try, in the long run
        FaultyLLM(EchoLLM(), script=["rate-limited", None, "hang"])  # the first, the third

    With a `rate`, the seed, the request and the number of its tries decide whether and how a try fails, so
    order and concurrency change nothing. `kinds` are the faults to choose from. A `script` has a fault or
    None for each try, in the order of arrival; tries after its end succeed.
    """

    rate: float = Field(default=0.0, ge=0, le=1, description="The share of tries that fail.")
    kinds: tuple[Fault, ...] = Field(default=PASSING, min_length=1, description="The faults to choose from.")
    script: tuple[Fault | None, ...] = Field(
        default=(), description="Faults in order; None lets a try succeed."
    )
    faults_seed: int = Field(default=0, description="Seed that decides which tries fail.")

    _sent: Counter[bytes] = PrivateAttr(default_factory=Counter)
    _faults: list[Fault | None] = PrivateAttr(default_factory=list)

    def __init__(self, inner: LLM | None = None, **fields: Any) -> None:
        super().__init__(EchoLLM() if inner is None else inner, **fields)

    @property
    def faults(self) -> Sequence[Fault | None]:
        """The outcome of each try so far: its fault, or None if it succeeded."""
        return tuple(self._faults)

    async def respond(self, request: Request) -> Response:
        """Fail, or ask the wrapped LLM."""
        fault = self._fault(request)
        self._faults.append(fault)
        if fault == "hang":
            await asyncio.Event().wait()
        if fault is not None:
            raise _ERRORS[fault]()
        return await self.inner.respond(request)

    def _fault(self, request: Request) -> Fault | None:
        number = len(self._faults)
        if self.script:
            return self.script[number] if number < len(self.script) else None
        digest = request_digest(self, request, None)
        self._sent[digest] += 1
        chance = random.Random(f"{self.faults_seed}/{digest.hex()}/{self._sent[digest]}")
        return chance.choice(self.kinds) if chance.random() < self.rate else None
