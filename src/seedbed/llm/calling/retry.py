"""How often and how long a failed call is tried again."""

from __future__ import annotations

import random
from typing import NamedTuple

from seedbed.errors import InvalidResponseError, LLMConnectionError, LLMError, RateLimitedError

_LONGEST_WAITS = 10


class RetryPolicy(NamedTuple):
    """Jittered exponential back-off: `tries` in all, `first_wait` to `longest_wait` seconds between them.

    Lost connections and refusals for rate limits say nothing of the request: they are counted apart,
    and `patience` times as often tried again. An answer that is not in the promised form is asked for
    `misread` times at most: its form seldom changes. No try begins later than `seconds` after the first.
    """

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    patience: int = 4
    misread: int = 3
    seconds: float = 1800.0

    def wait_after(self, error: LLMError, tries: int) -> float | None:
        """Return the seconds to wait after the try number `tries` of its kind failed, or None to give up.

        What the server asks for is waited out, and a little more, so that callers spread; more than
        ten times `longest_wait` is given up at once.
        """
        if not error.retryable or tries >= self._most_tries(error):
            return None
        spread = random.uniform(0.5, 1.0)
        wait: float = min(self.longest_wait, self.first_wait * 2 ** min(tries - 1, 30)) * spread
        if error.retry_after is None:
            return wait
        if lifts_late(error, self):
            return None
        return error.retry_after + self.first_wait * spread

    def _most_tries(self, error: LLMError) -> int:
        if isinstance(error, InvalidResponseError):
            return min(self.tries, self.misread)
        return 1 + (self.tries - 1) * (self.patience if says_nothing_of_the_request(error) else 1)


DEFAULT_POLICY = RetryPolicy()


def lifts_late(error: LLMError, policy: RetryPolicy = DEFAULT_POLICY) -> bool:
    """Whether the server asks for a longer wait than a call is willing to wait out."""
    most = _LONGEST_WAITS * policy.longest_wait
    return error.retryable and error.retry_after is not None and error.retry_after > most


def says_nothing_of_the_request(error: LLMError) -> bool:
    """Whether any other request would have failed likewise at that moment."""
    return isinstance(error, LLMConnectionError | RateLimitedError)


class Tries:
    """The failed tries of one call, counted by their kind."""

    def __init__(self, policy: RetryPolicy, now: float) -> None:
        self.count = 0
        self._policy = policy
        self._begun = now
        self._of_request = 0
        self._of_others = 0

    def wait_after(self, error: LLMError, now: float) -> float | None:
        """Count a failed try, and return the seconds until the next one, or None to give up."""
        self.count += 1
        if says_nothing_of_the_request(error):
            self._of_others += 1
            wait = self._policy.wait_after(error, self._of_others)
        else:
            self._of_request += 1
            wait = self._policy.wait_after(error, self._of_request)
        late = wait is not None and now + wait > self._begun + self._policy.seconds
        return None if late else wait
