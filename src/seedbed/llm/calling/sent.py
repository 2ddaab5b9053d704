"""When and where a call was sent, for whoever observes the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from seedbed.llm.keys.url_secrets import redacted_urls

if TYPE_CHECKING:
    from seedbed.errors import LLMError
    from seedbed.llm.backend import Backend


class Sent(NamedTuple):
    """The try of a call that was answered, and how many tries there were, that one included.

    `started` is in seconds since 1970, `seconds` is the time until the whole answer was there. `backend` and
    `endpoint` are those that answered, which matters in a pool; the endpoint has no secrets.
    """

    started: float
    seconds: float
    tries: int
    backend: str
    endpoint: str


class FailedTry(NamedTuple):
    """A try of a call that had no usable answer: when, where, how long, and why.

    `number` counts the call's tries from 1, `kind` is the name of the error's class, `status` that of HTTP if
    there was one. The error's text isn't part of it: a server may quote the request, or a key.
    """

    started: float
    seconds: float
    number: int
    kind: str
    status: int | None
    model: str
    backend: str
    endpoint: str


class FailedCallTry(NamedTuple):
    """A try that failed, and on behalf of which row of which step it was made."""

    step: str
    row: str
    attempt: int
    is_embedding: bool
    failed: FailedTry


class Sending:
    """Takes notes of one call while it's sent; made only if someone wants to know.

    `on_permit` is called when the call may be sent, `on_failed` for each try without an answer, `failed`
    counts those.
    """

    __slots__ = ("_answered", "_noted", "failed", "on_failed", "on_permit")

    def __init__(
        self,
        on_permit: Callable[[], None] = lambda: None,
        on_failed: Callable[[FailedTry], None] | None = None,
    ) -> None:
        self.on_permit = on_permit
        self.on_failed = on_failed
        self.failed = 0
        self._noted = 0
        self._answered: Sent | None = None

    def note_answer(self, llm: Backend, seconds: float) -> None:
        """Note who has answered, just now, and how long that took."""
        # The clock is asked at the end: `seconds` is measured on one that nobody sets.
        started = round(time.time() - seconds, 6)
        self._answered = Sent(started, round(seconds, 6), 0, llm.backend, redacted_urls(llm.endpoint))

    def note_failure(self, llm: Backend, seconds: float, error: LLMError) -> None:
        """Note that a try has failed, just now, and how long that took."""
        self._noted += 1
        if self.on_failed is None:
            return
        started, kind = round(time.time() - seconds, 6), type(error).__name__
        where = llm.model_name, llm.backend, redacted_urls(llm.endpoint)
        self.on_failed(FailedTry(started, round(seconds, 6), self._noted, kind, error.status, *where))

    def share(self, whole: Sending) -> None:
        """Take the notes of the request that the call was a part of."""
        self.failed, self._answered = whole.failed, whole._answered

    @property
    def sent(self) -> Sent | None:
        """What is noted; None before there's an answer."""
        return self._answered and self._answered._replace(tries=self.failed + 1)
