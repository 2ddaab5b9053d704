"""Tells the failure of an endpoint from the failures of calls."""

from __future__ import annotations

import math
from typing import NamedTuple

from seedbed.errors import EndpointDownError, LLMError, RateLimitedError

_FIRST_PROBE = 0.25
_LONGEST_PROBE = 5.0
_FATAL = 3
_BEFORE_THE_FIRST_ANSWER = 3


class CircuitPolicy(NamedTuple):
    """When an endpoint is taken for down: nothing but failures, so many and for so many seconds.

    `failures` in a row make it suspect: then one call at a time is sent. `seconds` without any answer
    open the circuit, `first_seconds` where there never was one, `refused_seconds` where all calls
    are refused for rate limits. Three fatal errors in a row open it at once.
    """

    failures: int = 10
    seconds: float = 60.0
    first_seconds: float = 10.0
    refused_seconds: float = 300.0


class Circuit:
    """Counts the failures of one endpoint that no answer interrupts."""

    def __init__(self, policy: CircuitPolicy | None = None) -> None:
        self._policy = policy or CircuitPolicy()
        self._was_answered = False
        self._close()

    def _close(self) -> None:
        self._failures = 0
        self._fatal = 0
        self._since = -math.inf
        self._latest = -math.inf
        self._probe_at = 0.0

    @property
    def is_suspect(self) -> bool:
        """Whether so many calls failed in a row that the endpoint may be down."""
        return self._failures >= self._policy.failures

    def delay(self, now: float, in_flight: int) -> float:
        """Return the seconds until a call may be sent; infinite while a suspect endpoint has one."""
        if not self.is_suspect:
            return 0.0
        return math.inf if in_flight else max(0.0, self._probe_at - now)

    def answered(self) -> None:
        """Take note that the endpoint answered, be it to refuse a request as it stands."""
        if self._failures or self._fatal or self._latest > 0:
            self._close()
        self._was_answered = True

    def failed(self, now: float, error: LLMError) -> bool:
        """Count a failed call; return True where the endpoint is to be taken for down."""
        if not error.retryable and not error.fatal:
            self.answered()
            return False
        if now - self._latest > self._policy.refused_seconds / 2:
            # Calls of long ago are no sign.
            self._close()
            self._since = now
        self._latest = now
        self._fatal += error.fatal
        if not isinstance(error, RateLimitedError):
            self._failures += 1
            probes = min(self._failures - self._policy.failures, 10)
            self._probe_at = now + min(_LONGEST_PROBE, _FIRST_PROBE * 2**probes)
        is_down = self._fatal >= _FATAL or now - self._since >= self._patience()
        if is_down:
            self._close()
        return is_down

    def _patience(self) -> float:
        needed = self._policy.failures if self._was_answered else _BEFORE_THE_FIRST_ANSWER
        if self._failures < needed:
            return self._policy.refused_seconds
        return self._policy.seconds if self._was_answered else self._policy.first_seconds


def down(reference: str, error: LLMError) -> EndpointDownError:
    """Return the error for all calls to an endpoint of which `error` was the last."""
    return EndpointDownError(
        f"'{reference}' answers no call any more; the last one failed: {error.fact}",
        *error.advice,
        status=error.status,
    )
