"""Whether one of several endpoints is left out, and when it's tried again."""

from __future__ import annotations

import math

from seedbed.errors import LLMError, RateLimitedError

# One failure may be the request's own or a restart's; a call goes to another endpoint meanwhile, so three
# cost little.
_FAILURES = 3
# First tries come soon, since a restarted server is back within seconds; later ones cost a call each.
_FIRST_REST = 0.5
_LONGEST_REST = 15.0


class EndpointHealth:
    """Counts the failures of an endpoint for which another one can stand in.

    After three in a row, or one that every call would meet (a wrong key), it's out. Then single calls try
    it, first after half a second, and less and less often up to every fifteen; the first answer brings it
    back. A refusal for rate limits isn't a failure.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.is_out = False
        self.last: LLMError | None = None
        self._failures = 0
        self._rests = 0
        self._next_try = 0.0
        self._is_trying = False

    def delay(self, now: float) -> float:
        """Return the seconds until a call may be sent; infinite while one tries whether it's back."""
        if not self.is_out:
            return 0.0
        return math.inf if self._is_trying else max(0.0, self._next_try - now)

    def sent(self) -> None:
        """Note that a call is sent."""
        self._is_trying = self.is_out

    def answered(self) -> bool:
        """Note an answer, even if it only refuses the request; return whether the endpoint was out."""
        was_out = self.is_out
        if self._failures or was_out:
            self._reset()
        return was_out

    def ended(self) -> None:
        """Note that a call ended without saying anything: it was cancelled, or refused for rate limits."""
        self._is_trying = False

    def failed(self, now: float, error: LLMError, *, at_once: bool = False) -> bool:
        """Count a failed call; return True if the endpoint is out from now on and wasn't before.

        `at_once` says that the call had all its tries, so one is enough.
        """
        was_out, self.last = self.is_out, error
        if isinstance(error, RateLimitedError) and error.retryable:
            # A refused try says nothing either; without this, no other call would ever be a try again.
            self.ended()
            return False
        self._failures += 1
        if not (was_out or at_once or error.fatal or self._failures >= _FAILURES):
            return False
        # Calls that were in flight when it went out come back failed, too: only a try makes the rest longer.
        if not was_out or self._is_trying:
            self._next_try = now + min(_LONGEST_REST, _FIRST_REST * 2**self._rests)
            self._rests = min(self._rests + 1, 10)
        self.is_out, self._is_trying = True, False
        return not was_out
