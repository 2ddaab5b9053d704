"""A provider's protocol from the server's side: how the contract of a backend talks to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from seedbed.llm.request import Request
from seedbed.llm.response import Limits, Response
from seedbed.testing.servers.exchange import Received, Reply


class Asked(NamedTuple):
    """What a server was asked, independent of the protocol: the model, the key and the request."""

    model: str
    key: str | None
    request: Request


class Refusal(NamedTuple):
    """How a provider refuses a request: status, message, and its own error code."""

    status: int
    message: str
    code: str = ""


class Wire(ABC):
    """A protocol from the server's side: it reads requests and writes answers, a backend does the reverse.

        class TestParrot(LLMContract):
            llm_class = ParrotLLM
            wire = ChatCompletions()

    Seedbed has `ChatCompletions`, `ResponsesAPI` and `AnthropicMessages`. If your backend speaks another
    protocol, write a class for it.
    """

    finish_reasons: ClassVar[tuple[str, ...]] = ("stop", "length", "content_filter")
    """The finish reasons that the protocol distinguishes, besides tool calls."""

    counts: ClassVar[tuple[str, ...]] = ("cached_tokens", "reasoning_tokens")
    """The counts that the protocol reports, as fields of `Usage`, besides input and output tokens."""

    limits: ClassVar[tuple[str, ...]] = Limits._fields
    """The rate limits in the protocol's headers, as fields of `Limits`."""

    overflow: ClassVar[Refusal]
    """How the provider says that the prompt is too long for the context."""

    def fields(self, url: str, key: str) -> dict[str, Any]:
        """Return the fields of an LLM that uses the server at `url` with a key."""
        return {"base_url": url, "api_key": key}

    @abstractmethod
    def read(self, received: Received) -> Asked:
        """Return what a request of the backend asks for; fields that Seedbed doesn't know go to `extra`."""

    @abstractmethod
    def answer(self, response: Response) -> Reply:
        """Return the reply for `response`; if it has no choices, a body without an answer."""

    @abstractmethod
    def refusal(self, refusal: Refusal) -> Reply:
        """Return the reply for a refusal."""

    def accepted(self, ticket: str) -> Reply | None:
        """Return the reply that accepts a question whose answer is fetched later, by this ticket.

        By default there's none: the reply to a question is its answer. A refusal with a status other than 200
        comes at once, also if there are tickets.
        """
        return None

    def waiting(self, ticket: str) -> Reply | None:
        """Return the reply to a request for an answer that isn't there yet; by default that of `accepted`."""
        return self.accepted(ticket)

    def ticket(self, received: Received) -> str | None:
        """Return the ticket by which a request asks for an answer; None if the request is a question."""
        return None

    def retry_headers(self, seconds: int) -> Mapping[str, str]:
        """Return the headers of a refusal that ask the client to wait this many seconds."""
        return {"retry-after": str(seconds)}

    def limit_headers(self, limits: Limits) -> Mapping[str, str]:
        """Return the headers with these rate limits; none if the protocol has no such headers."""
        return {}


def key_in(received: Received) -> str | None:
    """Return the key of a request, from a bearer token or from a header that providers use."""
    headers = received.headers
    bearer = headers.get("authorization", "").partition(" ")[2]
    return bearer or headers.get("x-api-key") or headers.get("api-key")
