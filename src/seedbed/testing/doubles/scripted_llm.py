"""A backend with scripted answers, which records its requests."""

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
"""One answer: a text, the texts of several choices, a whole response, or an error to raise."""


@dataclass
class Record:
    """Requests in the order of arrival, and the largest number that was in flight at once."""

    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0


class ScriptedLLM(LLM):
    """Returns its answers in order, or those of a function of the request; needs no server and no key.

        ScriptedLLM("Blue.", Response.of_text("Red.", Usage(11, 7)), RateLimitedError("slow down"))
        ScriptedLLM(lambda request: request.messages[-1]["content"].upper())

    The function can be `async`, and returns an answer of any of these kinds. Answers in order go to requests
    as they arrive; a request after the last answer raises a fatal LLMError.
    """

    model: str = "scripted"
    api_key: SecretStr = Field(default=SecretStr(""), description="A key that must not be shown.")
    place: str = Field(default="scripted", description="The endpoint, which has its own rate limits.")
    offers: Capabilities = Field(default=Capabilities(), description="Its capabilities.")
    parallel: int | None = Field(default=None, description="How many calls it serves at once.")

    _script: Callable[[Request], Any] = PrivateAttr()
    _record: Record = PrivateAttr(default_factory=Record)

    def __init__(self, *answers: Scripted | Callable[[Request], Any], **fields: Any) -> None:
        super().__init__(**fields)
        only = answers[0] if len(answers) == 1 else None
        self._script = only if callable(only) else _InOrder(answers)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities it was given."""
        return self.offers

    @property
    def endpoint(self) -> str:
        """The endpoint it was given."""
        return self.place

    @property
    def slots(self) -> int | None:
        """How many calls it serves at once."""
        return self.parallel

    @property
    def record(self) -> Record:
        """The requests so far, of all its views."""
        return self._record

    @property
    def requests(self) -> list[Request]:
        """The requests so far."""
        return self._record.requests

    async def respond(self, request: Request) -> Response:
        """Return the next answer, or the function's answer to the request."""
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
                f"the script has no answer left: it has {len(self._answers)}, and there was one more request",
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
