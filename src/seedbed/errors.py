"""Every exception of Seedbed, in one tree.

SeedbedError
├── UsageError                    the caller asked for something impossible; nothing was spent
│   ├── ParameterError            a field of a task or an LLM that doesn't exist, or an invalid value
│   ├── MessageError              invalid chat messages
│   ├── UnsupportedError          the LLM doesn't declare a capability that a request needs
│   └── LoopThreadError           a blocking call on the thread that would have to answer it
├── StopRun                       a run stops early; the same command resumes it
│   └── BudgetExhaustedError      a cap on money, tokens or time leaves no room
├── PluginError                   a name that can't be resolved to a class
│   ├── UnknownPluginError        no distribution claims the name
│   ├── AmbiguousPluginError      two distributions claim it
│   ├── BrokenPluginError         its owner fails to import, or its hook or class is wrong
│   ├── IncompatiblePluginError   its owner excludes the running version of Seedbed
│   ├── DisabledPluginError       policy forbids its owner
│   └── LockError                 it isn't what the lock file holds
├── LLMError                      one call to a language model failed
│   ├── RateLimitedError          429 or 529
│   ├── TimedOutError
│   ├── LLMConnectionError        no connection, or a closed one
│   ├── AuthenticationError       no key, a wrong key, or one without permission
│   ├── BadRequestError           the request itself was refused
│   │   ├── UnknownModelError
│   │   └── ContextOverflowError
│   ├── ContentFilteredError      the provider declined to answer
│   ├── ServerError               the provider's own fault
│   ├── InvalidResponseError      the answer isn't what the protocol promises
│   └── EndpointDownError         the endpoint has stopped answering
├── GenerationError               some inputs of one `generate` call failed; carries what succeeded
├── RowError                      one row can't be made
│   ├── InvalidOutputError        the model's answer doesn't fit the row
│   │   └── MissingColumnError    a row without a column that its step promises
│   ├── InvalidRowError           the step returned something that isn't a row
│   ├── PartialRowsError          some of the rows of one input can't be made; carries the others
│   └── Reject                    raised by a task: this row isn't wanted, and why
├── DatasetError                  a dataset can't be read or written
└── StoreError                    a run on disk can't be read or written any further
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self


class SeedbedError(Exception):
    """Base of all errors: a fact, and lines that say what to do.

    `fact` is one sentence in lower case with the offending value quoted; `advice` follows it,
    one indented line each. `is_of_place` says that the place of what's to be written is the reason.
    """

    is_of_place: bool = False

    def __init__(self, fact: str, *advice: str) -> None:
        super().__init__(fact, *advice)
        self.fact = str(fact)
        self.advice = tuple(map(str, advice))

    def __str__(self) -> str:
        return "\n  ".join([self.fact, *self.advice])


class UsageError(SeedbedError):
    """The caller asked for something impossible; nothing was spent.

    `step` is the name of the step of a pipeline that the error is about, if it's about one.
    """

    step: str | None = None

    def of_step(self, name: str) -> Self:
        """Return the error, which is then about a step."""
        self.step = name
        return self


class ParameterError(UsageError):
    """Fields of a task, step or LLM that don't exist or are invalid; `problems` has the path of each."""

    problems: Sequence[Any] = ()
    of: type | None = None
    """The class whose fields they are."""


class MessageError(UsageError):
    """Invalid chat messages: an unknown role, or content that is neither text nor parts."""


class UnsupportedError(UsageError):
    """The LLM doesn't declare a capability that a request needs."""


class LoopThreadError(UsageError):
    """A blocking call was made on the thread that would have to answer it."""


class StopRun(SeedbedError):
    """A run stops early and keeps what it has made; the same command resumes it."""


class BudgetExhaustedError(StopRun):
    """A cap on money, tokens or time leaves no room for another call."""


class PluginError(SeedbedError):
    """A name that can't be resolved to a class."""


class UnknownPluginError(PluginError):
    """No installed distribution claims the name."""


class AmbiguousPluginError(PluginError):
    """Two or more installed distributions claim the name, and no setting decides."""


class BrokenPluginError(PluginError):
    """The name's owner fails to import, or its hook or class doesn't do what it must."""


class IncompatiblePluginError(PluginError):
    """The name's owner excludes the running version of Seedbed; it was not imported."""


class DisabledPluginError(PluginError):
    """Policy forbids the name's owner; it was not imported."""


class LockError(PluginError):
    """What is installed or asked for isn't what the lock file holds; it wasn't imported."""


class LLMError(SeedbedError):
    """One call to a language model failed.

    `retryable` says whether the same request can succeed later, `fatal` whether every other request of this
    LLM must fail too; each class has its default. `status` is the HTTP status, if there was one,
    `retry_after` the seconds that the server asked to wait, `limits` what its headers said about rate limits
    (a `Limits`), `tries` how often the call was sent.
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
        self.retryable = self.retryable if retryable is None else retryable
        self.fatal = self.fatal if fatal is None else fatal


class RateLimitedError(LLMError):
    """The provider asks to slow down (429), or is overloaded (529)."""

    retryable = True


class TimedOutError(LLMError):
    """No complete answer within the time allowed."""

    retryable = True


class LLMConnectionError(LLMError):
    """The provider cannot be reached, or closed the connection before the answer was complete."""

    retryable = True
    is_unknown_host: bool = False  # whether its name has no address


class AuthenticationError(LLMError):
    """The key is missing, wrong, or lacks permission."""

    fatal = True


class BadRequestError(LLMError):
    """The provider refused the request itself; sending it again won't help."""


class UnknownModelError(BadRequestError):
    """The provider doesn't know the model, or doesn't offer it to this key."""

    fatal = True


class ContextOverflowError(BadRequestError):
    """Prompt and answer don't fit into the model's context."""


class ContentFilteredError(LLMError):
    """The provider declined to answer this request."""


class ServerError(LLMError):
    """The provider failed (500, 502, 503 and the like)."""

    retryable = True


class InvalidResponseError(LLMError):
    """The answer is not what the protocol promises: not JSON, empty, or an error in disguise."""

    retryable = True


class EndpointDownError(LLMError):
    """Every call to an endpoint failed for some time; the calls that were waiting fail with this error."""

    fatal = True


class GenerationError(SeedbedError):
    """Some inputs of one `generate` call failed, after all of them had finished.

    `generations` has one entry for each input, in order: its list of texts, or None if the input failed.
    `errors` maps the index of a failed input to its error.
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
    """One row can't be made; other rows aren't affected."""


class InvalidOutputError(RowError):
    """The model's answer doesn't fit the row that the task promises.

    `text` is the answer as received.
    """

    def __init__(self, fact: str, *advice: str, text: str | None = None) -> None:
        super().__init__(fact, *advice)
        self.text = text


class MissingColumnError(InvalidOutputError):
    """A row lacks a column that its step names in `outputs`."""


class InvalidRowError(RowError):
    """A step returned something that isn't a row."""


class PartialRowsError(RowError):
    """Some of the rows of one input can't be made.

    `rows` are those that could be made, `errors` has the error of each of the others.
    """

    def __init__(
        self, fact: str, *advice: str, rows: Sequence[dict[str, Any]], errors: Sequence[SeedbedError]
    ) -> None:
        super().__init__(fact, *advice)
        self.rows = list(rows)
        self.errors = list(errors)


class Reject(RowError):
    """Raised by a task or step: this row isn't wanted, and why. A generator's next index replaces it.

    `text` is the answer that it's about, if there's one; the run keeps it with the reason.
    """

    def __init__(self, fact: str, *advice: str, text: str | None = None) -> None:
        super().__init__(fact, *advice)
        self.text = text


class DatasetError(SeedbedError):
    """A dataset can't be read or written."""


class StoreError(SeedbedError):
    """A run on disk can't be read or written any further; what is durable stays durable."""
