"""A provider's protocol seen from the server's side: what the contract of a backend speaks to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from seedbed.llm.request import Request
from seedbed.llm.response import Limits, Response
from seedbed.testing.scripted_server import Received, Reply


class Asked(NamedTuple):
    """What a server was asked, in neutral terms: of which model, with which key, and what."""

    model: str
    key: str | None
    request: Request


class Refusal(NamedTuple):
    """How a provider words a refusal: status, message, and its own code for it."""

    status: int
    message: str
    code: str = ""


class Wire(ABC):
    """One protocol: the inverse of what a backend does, which translates to it and from it.

    Known ones are `ChatCompletions`, `ResponsesAPI` and `AnthropicMessages`; a backend of another protocol
    gives its contract a class of its own.
    """

    finish_reasons: ClassVar[tuple[str, ...]] = ("stop", "length", "content_filter")
    """The reasons that the protocol tells apart, beside tool calls."""

    counts: ClassVar[tuple[str, ...]] = ("cached_tokens", "reasoning_tokens")
    """What the protocol counts, as fields of `Usage`, beside input and output."""

    limits: ClassVar[tuple[str, ...]] = Limits._fields
    """What the protocol's headers tell of rate limits, as fields of `Limits`."""

    overflow: ClassVar[Refusal]
    """How the provider says that prompt and answer do not fit into the context."""

    def fields(self, url: str, key: str) -> dict[str, Any]:
        """Return the fields that point an LLM to a server at `url`, with a key."""
        return {"base_url": url, "api_key": key}

    @abstractmethod
    def read(self, received: Received) -> Asked:
        """Return what a request of the backend's asks for; what is not neutral is in `extra`."""

    @abstractmethod
    def answer(self, response: Response) -> Reply:
        """Return the reply that means `response`; one without choices is a body that holds no answer."""

    @abstractmethod
    def refusal(self, refusal: Refusal) -> Reply:
        """Return the reply that means a refusal."""

    def retry_headers(self, seconds: int) -> Mapping[str, str]:
        """Return the headers of a refusal that ask to wait so many seconds."""
        return {"retry-after": str(seconds)}

    def limit_headers(self, limits: Limits) -> Mapping[str, str]:
        """Return the headers that tell of rate limits; none where the protocol has none."""
        return {}


def key_in(received: Received) -> str | None:
    """Return the key of a request: a bearer token, or one of the headers that providers use."""
    headers = received.headers
    bearer = headers.get("authorization", "").partition(" ")[2]
    return bearer or headers.get("x-api-key") or headers.get("api-key")
