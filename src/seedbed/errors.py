"""Every exception of Seedbed, in one tree.

SeedbedError
├── UsageError                    the caller asked for something that cannot be; nothing was spent
│   ├── ParameterError            a field of a task or an LLM that does not exist or does not fit
│   ├── MessageError              messages that a chat does not have
│   ├── UnsupportedError          the LLM does not declare the capability that a request needs
│   └── LoopThreadError           a blocking call on the thread that would have to answer it
├── StopRun                       a run stops early; the same command again goes on
│   └── BudgetExhaustedError      a cap on money, tokens or time leaves no room
├── PluginError                   a name that cannot be turned into a class
│   ├── UnknownPluginError        nobody claims the name
│   ├── AmbiguousPluginError      two distributions claim it
│   ├── BrokenPluginError         its owner fails to import or to answer
│   ├── IncompatiblePluginError   its owner excludes the running version of Seedbed
│   ├── DisabledPluginError       policy forbids its owner
│   └── LockError                 it is not what the lock file holds
├── LLMError                      one call to a language model failed
│   ├── RateLimitedError          429 or 529
│   ├── TimedOutError
│   ├── LLMConnectionError        no connection, or it was closed
│   ├── AuthenticationError       no key, a wrong key, or one without the right
│   ├── BadRequestError           the request itself was refused
│   │   ├── UnknownModelError
│   │   └── ContextOverflowError
│   ├── ContentFilteredError      the provider declined to answer
│   ├── ServerError               the provider's own fault
│   ├── InvalidResponseError      the answer is not what the protocol promises
│   └── EndpointDownError         no call is answered any more
├── GenerationError               some inputs of one `generate` call failed; carries what succeeded
├── RowError                      one row cannot be made
│   ├── InvalidOutputError        the model's answer does not fit the row
│   │   └── MissingColumnError    a row without a column that its step has promised
│   ├── InvalidRowError           the step returned something that is not a row
│   ├── PartialRowsError          some of the rows of one input cannot be made; carries the others
│   └── Reject                    raised by a task: this row is not wanted, and why
├── DatasetError                  a dataset cannot be read or written
└── StoreError                    a run on disk cannot be read or written any further
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SeedbedError(Exception):
    """Base of all errors: a fact, and lines that say what to do.

    `fact` is one sentence in lower case with the offending value quoted; `advice` follows it,
    one indented line each.
    """

    def __init__(self, fact: str, *advice: str) -> None:
        super().__init__(fact, *advice)
        self.fact = str(fact)
        self.advice = tuple(map(str, advice))

    def __str__(self) -> str:
        return "\n  ".join([self.fact, *self.advice])


class UsageError(SeedbedError):
    """The caller asked for something that cannot be; nothing was spent."""


class ParameterError(UsageError):
    """A field of a task, step or LLM that does not exist or whose value does not fit."""


class MessageError(UsageError):
    """Messages that a chat does not have: an unknown role, content that is neither text nor parts."""


class UnsupportedError(UsageError):
    """The LLM does not declare the capability that a request needs."""


class LoopThreadError(UsageError):
    """A blocking call was made on the thread that would have to answer it."""


class StopRun(SeedbedError):
    """A run stops early, with what it has made kept: the same command again goes on from there."""


class BudgetExhaustedError(StopRun):
    """A cap on money, tokens or time leaves no room for another call."""


class PluginError(SeedbedError):
    """A name that cannot be turned into a class."""


class UnknownPluginError(PluginError):
    """No installed distribution claims the name."""


class AmbiguousPluginError(PluginError):
    """Two or more installed distributions claim the name, and no setting decides."""


class BrokenPluginError(PluginError):
    """The name's owner fails to import, or its hook or class does not do what it must."""


class IncompatiblePluginError(PluginError):
    """The name's owner excludes the running version of Seedbed; it was not imported."""


class DisabledPluginError(PluginError):
    """Policy forbids the name's owner; it was not imported."""


class LockError(PluginError):
    """What is installed, or what was asked for, is not what the lock file holds; it was not imported."""


class LLMError(SeedbedError):
    """One call to a language model failed.

    `retryable` says whether the same request can succeed later, `fatal` whether every other
    request of this LLM must fail too; each class has its default. `status` is the HTTP status
    where there was one, `retry_after` the seconds that the server asked to wait, `limits` what its
    headers said of rate limits (a `Limits`), `tries` how often the call was sent.
    """

    retryable: bool = False
    fatal: bool = False
    tries: int = 1

    def __init__(
        self,
        fact: str,
        *advice: str,
        status: int | None = None,
        retry_after: float | None = None,
        limits: Any = None,
        retryable: bool | None = None,
        fatal: bool | None = None,
    ) -> None:
        super().__init__(fact, *advice)
        self.status = status
        self.retry_after = retry_after
        self.limits = limits
        if retryable is not None:
            self.retryable = retryable
        if fatal is not None:
            self.fatal = fatal


class RateLimitedError(LLMError):
    """The provider asks to slow down (429), or is overloaded (529)."""

    retryable = True


class TimedOutError(LLMError):
    """No complete answer within the time allowed."""

    retryable = True


class LLMConnectionError(LLMError):
    """The provider cannot be reached, or closed the connection before the answer was complete."""

    retryable = True


class AuthenticationError(LLMError):
    """The key is missing, wrong, or lacks the right."""

    fatal = True


class BadRequestError(LLMError):
    """The provider refused the request as it stands."""


class UnknownModelError(BadRequestError):
    """The provider does not know the model, or does not offer it to this key."""

    fatal = True


class ContextOverflowError(BadRequestError):
    """Prompt and answer do not fit into the model's context."""


class ContentFilteredError(LLMError):
    """The provider declined to answer this request."""


class ServerError(LLMError):
    """The provider failed (500, 502, 503 and the like)."""

    retryable = True


class InvalidResponseError(LLMError):
    """The answer is not what the protocol promises: not JSON, empty, or an error in disguise."""

    retryable = True


class EndpointDownError(LLMError):
    """Every call to an endpoint failed for a time; those that waited for it fail with this one error."""

    fatal = True


class GenerationError(SeedbedError):
    """Some inputs of one `generate` call failed, after all of them had finished.

    `generations` has one entry for each input, in order: its list of texts, or None where the
    input failed. `errors` maps the index of a failed input to its error.
    """

    def __init__(
        self,
        fact: str,
        *advice: str,
        generations: Sequence[list[str | None] | None] = (),
        errors: Mapping[int, SeedbedError] | None = None,
    ) -> None:
        super().__init__(fact, *advice)
        self.generations = list(generations)
        self.errors = dict(errors or {})


class RowError(SeedbedError):
    """One row cannot be made; the others are not concerned."""


class InvalidOutputError(RowError):
    """The model's answer does not fit the row that the task promises.

    `text` is the answer as received.
    """

    def __init__(self, fact: str, *advice: str, text: str | None = None) -> None:
        super().__init__(fact, *advice)
        self.text = text


class MissingColumnError(InvalidOutputError):
    """A row lacks a column that its step names in `outputs`."""


class InvalidRowError(RowError):
    """A step returned something that is not a row."""


class PartialRowsError(RowError):
    """Some of the rows of one input cannot be made.

    `rows` are those that could be, `errors` says for each of the others why not.
    """

    def __init__(
        self, fact: str, *advice: str, rows: Sequence[dict[str, Any]], errors: Sequence[SeedbedError]
    ) -> None:
        super().__init__(fact, *advice)
        self.rows = list(rows)
        self.errors = list(errors)


class Reject(RowError):
    """Raised by a task or step: this row is not wanted, and why. A generator's next index replaces it."""


class DatasetError(SeedbedError):
    """A dataset cannot be read or written."""


class StoreError(SeedbedError):
    """A run on disk cannot be read or written any further; what was durable stays so."""
