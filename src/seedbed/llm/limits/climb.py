"""Climbs to the number of calls in flight at which a server's throughput stops rising."""

from __future__ import annotations

_LEAP = 2.0
# Simulated, 3,000 calls to a server that serves 40 at once take equally long with 1.1 and 1.5. With 1.1, a
# wider window would have to bring 2.5 % more, which is within the noise of one window of real answers.
_NUDGE = 1.25
# Measurements at the kept width between two tries. Each try that doesn't pay costs a window of answers.
_HOLD = 8
# A wider window is kept if it brings this share of the proportional gain: a quarter more for a doubling. All
# of it never comes, since answers take longer the more of them a server writes; less would be within the
# noise.
_SHARE = 0.25


class Climb:
    """Tries wider and narrower windows, and stays where the fewest calls give the best throughput.

    The width is doubled until a doubling doesn't pay. After that, it's tried a quarter wider and a quarter
    narrower in turn, since servers change.
    """

    def __init__(self, width: int, most: int) -> None:
        self._most = most
        self.width = self._kept = width
        self._best: float | None = None
        self._factor = _LEAP
        self._hold = 0
        self._upward = False

    def step(self, throughput: float) -> int:
        """Take the throughput (answers per second) measured at `width`, and return the next width."""
        if self.width == self._kept:
            self._rest(throughput)
        elif throughput >= self._required():
            self._keep(throughput)
        else:
            # The first leap that doesn't pay ends the doubling for good: what is left to find is nearby.
            self.width, self._factor, self._hold = self._kept, _NUDGE, _HOLD
        return self.width

    def _required(self) -> float:
        # For a narrower window the gain is negative: it may lose a little throughput, and is kept all the
        # same, since a flooded server only makes every answer take longer.
        gain = self.width / self._kept - 1
        return (self._best or 0.0) * (1 + gain * _SHARE)

    def _keep(self, throughput: float) -> None:
        widened = self.width > self._kept
        self._kept, self._best, self._hold = self.width, throughput, _HOLD
        if widened:
            # On in the same direction without a rest: from 16 to 256 in four doublings.
            self.width = min(self._most, max(self.width + 1, int(self.width * self._factor)))

    def _rest(self, throughput: float) -> None:
        # An average, so that one lucky window doesn't set a bar that no width can reach again.
        self._best = throughput if self._best is None else (self._best + throughput) / 2
        self._hold -= 1
        if self._hold > 0:
            return
        self._upward = not self._upward
        factor = self._factor if self._upward else 1 / _NUDGE
        self.width = min(self._most, max(1, round(self.width * factor)))
