"""A backend that answers as it is told, and records what it was asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, PrivateAttr, SecretStr

from seedbed.errors import LLMError
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.llm import LLM
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response

Scripted = str | Response | Exception | list[str]
"""One answer: a text, the texts of several choices, a whole response, or an error that is raised."""


@dataclass
class Record:
    """Requests in the order of their arrival, and the most that were under way at once."""

    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0


class ScriptedLLM(LLM):
    """Gives its answers in order, or those that a function makes of the requests; needs no server, no key.

        ScriptedLLM("Blue.", Response.of_text("Red.", Usage(11, 7)), RateLimitedError("slow down"))
        ScriptedLLM(lambda request: request.messages[-1]["content"].upper())

    A function may be a coroutine function, and return whatever an answer in order may be. Answers in order
    go to the requests as they arrive; one that comes after the last of them is a fatal LLMError.
    """

    model: str = "scripted"
    api_key: SecretStr = Field(default=SecretStr(""), description="A key that must not be shown.")
    place: str = Field(default="scripted", description="The endpoint, for which limits are kept.")
    offers: Capabilities = Field(default=Capabilities(), description="What it can be asked for.")
    parallel: int | None = Field(default=None, description="How many calls it serves at once.")

    _script: Callable[[Request], Any] = PrivateAttr()
    _record: Record = PrivateAttr(default_factory=Record)

    def __init__(self, *answers: Scripted | Callable[[Request], Any], **fields: Any) -> None:
        super().__init__(**fields)
        only = answers[0] if len(answers) == 1 else None
        self._script = only if callable(only) else _InOrder(answers)

    @property
    def capabilities(self) -> Capabilities:
        """What it was told to offer."""
        return self.offers

    @property
    def endpoint(self) -> str:
        """The place that it was given."""
        return self.place

    @property
    def slots(self) -> int | None:
        """How many calls it was told to serve at once."""
        return self.parallel

    @property
    def record(self) -> Record:
        """What it was asked so far, by all of its views."""
        return self._record

    @property
    def requests(self) -> list[Request]:
        """The requests so far."""
        return self._record.requests

    async def respond(self, request: Request) -> Response:
        """Give the next answer, or the one that the function makes of the request."""
        record = self._record
        record.requests.append(request)
        record.in_flight += 1
        record.peak = max(record.peak, record.in_flight)
        try:
            answer = self._script(request)
            if inspect.isawaitable(answer):
                answer = await answer
        finally:
            record.in_flight -= 1
        response: Response = _response(answer)
        return response


class _InOrder:
    def __init__(self, answers: tuple[Any, ...]) -> None:
        self._answers = answers
        self._given = 0

    def __call__(self, request: Request) -> Any:
        if self._given == len(self._answers):
            raise LLMError(
                f"the script has no answer left: {len(self._answers)} were given, and one more is asked for",
                "give it more, or a function of the request",
                fatal=True,
            )
        self._given += 1
        return self._answers[self._given - 1]


def _response(answer: Any) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, str):
        return Response.of_text(answer)
    if isinstance(answer, list):
        return Response(choices=tuple(Choice(text=text) for text in answer))
    return answer
