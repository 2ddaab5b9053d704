"""A backend that answers as a function tells it, and records what it was asked and how much at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, PrivateAttr, SecretStr

from seedbed import LLM, Capabilities, Gateway, Request, Response, RetryPolicy

ALL = Capabilities(structured_output=True, tools=True, logprobs=True, images=True, seed=True, n=True)
IMPATIENT = RetryPolicy(tries=3, first_wait=0.001, longest_wait=0.001)


@dataclass
class Record:
    """Requests in the order of their arrival, and the most that were under way at once."""

    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0


class ScriptedLLM(LLM):
    """Answers with what `answer(request)` returns: a text or a Response, awaited if need be."""

    model: str = "scripted"
    api_key: SecretStr = SecretStr("")
    place: str = "scripted"
    offers: Capabilities = Field(default=Capabilities())
    parallel: int | None = None

    _answer: Callable[[Request], Any] = PrivateAttr()
    _record: Record = PrivateAttr(default_factory=Record)

    @property
    def capabilities(self) -> Capabilities:
        return self.offers

    @property
    def endpoint(self) -> str:
        return self.place

    @property
    def slots(self) -> int | None:
        return self.parallel

    @property
    def record(self) -> Record:
        return self._record

    @property
    def requests(self) -> list[Request]:
        return self._record.requests

    async def respond(self, request: Request) -> Response:
        record = self._record
        record.requests.append(request)
        record.in_flight += 1
        record.peak = max(record.peak, record.in_flight)
        try:
            answer = self._answer(request)
            if inspect.isawaitable(answer):
                answer = await answer
        finally:
            record.in_flight -= 1
        return Response.of_text(answer) if isinstance(answer, str) else answer


def scripted(answer: Callable[[Request], Any] | str = "yes", **fields: Any) -> ScriptedLLM:
    """Return an LLM that answers with `answer`, a text or a function of the request."""
    llm = ScriptedLLM(**fields)
    llm._answer = (lambda _: answer) if isinstance(answer, str) else answer
    return llm


def impatient(llm: ScriptedLLM, **options: Any) -> ScriptedLLM:
    """Return the LLM behind a gateway of its own that tries three times and hardly waits."""
    return llm.bound(Gateway(**{"retry": IMPATIENT, **options}), None)


def user(text: str) -> list[dict[str, Any]]:
    """Return a conversation of one user message."""
    return [{"role": "user", "content": text}]


def prompt(request: Request) -> str:
    """Return the text of the last message of a request."""
    text: str = request.messages[-1]["content"]
    return text
