"""How often a failed call is retried, and after how long."""

from __future__ import annotations

import random
from typing import NamedTuple

from seedbed.errors import InvalidResponseError, LLMConnectionError, LLMError, RateLimitedError, StopRun

# A wait of up to ten minutes is waited out. After that, a row that waits is worse than a run that stops, says
# when the limit lifts, and resumes: with a daily quota, rows would fail one by one.
_LONGEST_WAITS = 10

# Not the module's generator, whose state a program may have seeded for work of its own.
_JITTER = random.Random()


class RetryPolicy(NamedTuple):
    """Jittered exponential backoff: `tries` in total, `first_wait` to `longest_wait` seconds between them.

        Gateway(retry=RetryPolicy(tries=3, longest_wait=10.0))

    Lost connections and refusals for rate limits say nothing about the request: they're counted separately,
    and retried `patience` times as often. An answer that isn't in the promised form is asked for at most
    `misread` times, since its form seldom changes. No try begins later than `seconds` after the first.
    """

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    # 21 tries for a lost connection. With the pauses between them, that outlasts an outage of about ten
    # minutes; the circuit gives up sooner if nothing at all is answered.
    patience: int = 4
    # Each of these answers was paid for.
    misread: int = 3
    seconds: float = 1800.0

    def wait_after(self, error: LLMError, tries: int) -> float | None:
        """Return the seconds to wait after try number `tries` of its kind failed, or None to give up.

        If the server asks for a wait, it's waited out, and a little more, so that callers spread. If it asks
        for more than ten times `longest_wait`, the call gives up at once.
        """
        if not error.retryable or tries >= self._most_tries(error):
            return None
        # Jitter: calls that failed together would otherwise all come back at the same moment, and fail again.
        # At least half, so that a backoff is never nothing.
        spread = _JITTER.uniform(0.5, 1.0)
        # The exponent is capped because 2**1024 is too large for a float.
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
    """Whether the server asks for a longer wait than a call waits out."""
    most = _LONGEST_WAITS * policy.longest_wait
    return error.retryable and error.retry_after is not None and error.retry_after > most


def meets_all(error: BaseException) -> bool:
    """Whether every other call would meet this error too: a cap that is reached, a wrong key."""
    if isinstance(error, RateLimitedError) and lifts_late(error):
        return True
    return isinstance(error, StopRun) or (isinstance(error, LLMError) and error.fatal)


def says_nothing_of_the_request(error: LLMError) -> bool:
    """Whether any other request would have failed in the same way at that moment."""
    return isinstance(error, LLMConnectionError | RateLimitedError)


class Tries:
    """The failed tries of one call, counted by kind."""

    def __init__(self, policy: RetryPolicy, now: float) -> None:
        self.count = 0
        self._policy = policy
        self._begun = now
        self._of_request = 0
        self._of_others = 0

    def wait_after(self, error: LLMError, now: float) -> float | None:
        """Count a failed try, and return the seconds until the next one, or None to give up."""
        self.count += 1
        # Counted separately: an outage in the middle of a run must not use up the few tries of a request.
        if says_nothing_of_the_request(error):
            self._of_others += 1
            wait = self._policy.wait_after(error, self._of_others)
        else:
            self._of_request += 1
            wait = self._policy.wait_after(error, self._of_request)
        late = wait is not None and now + wait > self._begun + self._policy.seconds
        return None if late else wait
