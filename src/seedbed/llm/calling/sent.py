"""When and where a call was sent, for whoever observes the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from seedbed.llm.keys.url_secrets import redacted_urls

if TYPE_CHECKING:
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


class Sending:
    """Takes notes of one call while it's sent; made only if someone wants to know.

    `on_permit` is called when the call may be sent, `failed` counts the tries that had no answer.
    """

    __slots__ = ("_answered", "failed", "on_permit")

    def __init__(self, on_permit: Callable[[], None] = lambda: None) -> None:
        self.on_permit = on_permit
        self.failed = 0
        self._answered: Sent | None = None

    def note_answer(self, llm: Backend, seconds: float) -> None:
        """Note who has answered, just now, and how long that took."""
        # The clock is asked at the end: `seconds` is measured on one that nobody sets.
        started = round(time.time() - seconds, 6)
        self._answered = Sent(started, round(seconds, 6), 0, llm.backend, redacted_urls(llm.endpoint))

    def share(self, whole: Sending) -> None:
        """Take the notes of the request that the call was a part of."""
        self.failed, self._answered = whole.failed, whole._answered

    @property
    def sent(self) -> Sent | None:
        """What is noted; None before there's an answer."""
        return self._answered and self._answered._replace(tries=self.failed + 1)
