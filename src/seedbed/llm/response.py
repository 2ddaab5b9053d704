"""What a language model answered, in no provider's own terms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "other")
"""What ends an answer, in common words, the most frequent first; it may also be a provider's own word."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one response, all choices together.

    `input_tokens` includes `cached_tokens`, and `output_tokens` includes `reasoning_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


class ToolCall(NamedTuple):
    """A call of a tool that the model asks for; `arguments` is JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class TokenLogprob(NamedTuple):
    """A token of the answer, its natural log probability, and the likeliest alternatives."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Limits(NamedTuple):
    """What the headers of a response say about the rate limits.

    Requests and tokens are counts of one period, whatever the server's period is: how many it admits, and how
    many are `left` now. `reset` is in seconds from now until all of them are back; without it, the period
    counts as a minute.
    """

    requests: int | None = None
    requests_left: int | None = None
    requests_reset: float | None = None
    tokens: int | None = None
    tokens_left: int | None = None
    tokens_reset: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer; `text` is None if the model gave none, as with tool calls.

    `finish_reason` is `stop`, `length` (cut off at max_tokens or at the end of the context), `tool_calls`,
    `content_filter`, `other` if the provider gave no reason, or the provider's own word.
    """

    text: str | None
    finish_reason: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to one request: `n` choices, and the tokens they took.

        Response.of_text("The Danube.", usage=Usage(input_tokens=12, output_tokens=4))

    `model` is the provider's name for the model, `raw` the body as received, and `limits` what the headers
    said about rate limits.
    """

    choices: tuple[Choice, ...]
    usage: Usage = Usage()
    model: str | None = None
    raw: Any = field(default=None, repr=False)
    limits: Limits | None = None

    @classmethod
    def of_text(cls, text: str, usage: Usage | None = None, limits: Limits | None = None) -> Response:
        """Return a response of one choice that ended by itself."""
        return cls(choices=(Choice(text=text),), usage=usage or Usage(), limits=limits)
