"""Refusals that come at any pace: of a server that is short of machines, say, and not of a limit on calls.

A pace that's lowered for each of them falls without an end: with 3 % of the calls refused at random, 3,000
calls took three hours instead of half a minute. A known rate that falls is a hint, and the test is the rate
that was known first: if the limit was lowered, far more calls are refused there than before.
"""

from __future__ import annotations

_FALLEN = 0.5
"""Share of a known rate below which it has fallen: while a limit stays, it comes out the same each time."""

# With twice as many, one in ten tests fails by chance. Few calls of a slow server say little of the share.
_MORE, _LEAST_SHARE, _MOST_SHARE = 3.0, 0.02, 0.2
_FEW_REFUSED = 8
"""Refusals that prove nothing."""

_LAST = 60
"""Calls by which shares are told."""
# With 200, a server of 20 a second that also refuses 5 % at random takes three times as long. With none, a
# limit that fell from 100 to 10 a second has 8 % of the calls refused, and now 1.4 %.


class KnownRate:
    """The highest `rate` that was measured since one was known, with the calls since and those refused."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._calls = self._refused = 0

    def sent(self) -> None:
        """Count a call."""
        self._calls += 1

    def has_fallen_to(self, rate: float) -> bool:
        """Count a refused call, after which `rate` was measured; return whether that's far below this one."""
        self.rate = max(self.rate, rate)
        self._refused += 1
        return self._calls >= _LAST and rate < _FALLEN * self.rate

    @property
    def share(self) -> float:
        """The share of the calls that was refused."""
        return self._refused / max(self._calls, 1)


class Forgiving:
    """Whether about as many of the last calls are refused as of those before: a `share` of them."""

    def __init__(self, share: float) -> None:
        self._share = min(_MOST_SHARE, max(_LEAST_SHARE, _MORE * share))
        self._calls = self._refused = 0.0

    def sent(self) -> None:
        """Count a call."""
        self._calls += 1
        if self._calls > _LAST:
            self._calls, self._refused = self._calls / 2, self._refused / 2

    def forgives(self) -> bool:
        """Count a refused call, and return whether it isn't one too many."""
        self._refused += 1
        return self._refused <= max(_FEW_REFUSED, self._share * self._calls)
