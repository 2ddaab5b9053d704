"""Tells whether an endpoint is down, or just some of its calls fail."""

from __future__ import annotations

import math
from typing import NamedTuple

from seedbed.errors import EndpointDownError, LLMConnectionError, LLMError, RateLimitedError

# While an endpoint is suspect, probes go from four a second to one in five seconds: within a minute's
# patience that is about fifteen calls, and a server that comes back is used again within five seconds.
_FIRST_PROBE = 0.25
_LONGEST_PROBE = 5.0
# Without a count of its own, a wrong key would be refused once for each of a thousand rows.
_FATAL = 3
# A run of a single row fails about six times in the first fifteen seconds, because of its backoff. If it
# needed ten failures, it would take minutes to say that nothing listens there.
_BEFORE_THE_FIRST_ANSWER = 3


class CircuitPolicy(NamedTuple):
    """When an endpoint counts as down: nothing but failures, this many and for this long.

    `failures` in a row make it suspect: then calls are sent one at a time. The circuit opens after `seconds`
    without any answer, after `first_seconds` if there has never been one, after `unknown_seconds` if its name
    has never had an address, and after `refused_seconds` if all calls are refused for rate limits. Three
    fatal errors in a row open it at once.
    """

    failures: int = 10
    seconds: float = 60.0
    first_seconds: float = 10.0
    refused_seconds: float = 300.0
    # Three look-ups in two seconds: a name server that stutters once loses no run, and a misspelt name is
    # said at once. A name server that can't be asked itself is waited for, like a server that's starting.
    unknown_seconds: float = 2.0


class Circuit:
    """Counts the failures of one endpoint that no answer interrupts."""

    def __init__(self, policy: CircuitPolicy | None = None) -> None:
        self._policy = policy or CircuitPolicy()
        self._was_answered = False
        self._has_address = False
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
        """Return the seconds until a call may be sent; infinite while a suspect endpoint has one.

        One at a time, so that an outage of a minute doesn't use up the tries of a thousand rows.
        """
        if not self.is_suspect:
            return 0.0
        return math.inf if in_flight else max(0.0, self._probe_at - now)

    def answered(self) -> None:
        """Note that the endpoint answered, even if only to refuse the request itself."""
        # Called for each answer: nearly always there's nothing to reset.
        if self._failures or self._fatal or self._latest > 0:
            self._close()
        self._was_answered = True

    def failed(self, now: float, error: LLMError) -> bool:
        """Count a failed call; return True if the endpoint counts as down."""
        # It refused this one request, so it's alive. Ten rows with too long a prompt don't make it suspect.
        if not error.retryable and not error.fatal:
            self.answered()
            return False
        if now - self._latest > self._policy.refused_seconds / 2:
            # Failures of long ago say nothing: a notebook may ask once an hour.
            self._close()
            self._since = now
        self._latest = now
        self._has_address |= not (isinstance(error, LLMConnectionError) and error.is_unknown_host)
        self._fatal += error.fatal
        # A server that refuses for rate limits is up: it isn't suspect, and gets five minutes of patience.
        if not isinstance(error, RateLimitedError):
            self._failures += 1
            probes = min(self._failures - self._policy.failures, 10)
            self._probe_at = now + min(_LONGEST_PROBE, _FIRST_PROBE * 2**probes)
        is_down = self._fatal >= _FATAL or now - self._since >= self._patience()
        # Closed again at once: whoever asks next, such as a notebook after the key was fixed, is sent
        # normally.
        if is_down:
            self._close()
        return is_down

    def patience_left(self, now: float) -> float:
        """Return the seconds after which a further failure means that the endpoint is down.

        A call of its own backoff waits no longer: with a single row, a server that closes each connection
        would be reported after twice the time.
        """
        return max(_FIRST_PROBE, self._since + self._patience() - now)

    def _patience(self) -> float:
        needed = self._policy.failures if self._was_answered else _BEFORE_THE_FIRST_ANSWER
        if self._failures < needed:
            return self._policy.refused_seconds
        if self._was_answered:
            return self._policy.seconds
        return self._policy.first_seconds if self._has_address else self._policy.unknown_seconds


def down(reference: str, error: LLMError) -> EndpointDownError:
    """Return the error for all calls to an endpoint, whose last call failed with `error`."""
    return EndpointDownError(
        f"'{reference}' doesn't answer; the last call failed: {error.fact}",
        *error.advice,
        status=error.status,
    )
