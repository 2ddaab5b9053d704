"""Climbs to the number of calls under way at which a server's throughput rises no more."""

from __future__ import annotations

_LEAP = 2.0
_NUDGE = 1.25
_HOLD = 8
# Of a gain in proportion, so much is taken for a rise; the rest is left to noise.
_SHARE = 0.25


class Climb:
    """Tries a wider or narrower window, and stays where the throughput is best for the fewest calls.

    The width is doubled until a doubling does not pay; then it is tried a quarter wider or narrower in turn,
    since servers change.
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
            self.width, self._factor, self._hold = self._kept, _NUDGE, _HOLD
        return self.width

    def _required(self) -> float:
        gain = self.width / self._kept - 1
        return (self._best or 0.0) * (1 + gain * _SHARE)

    def _keep(self, throughput: float) -> None:
        widened = self.width > self._kept
        self._kept, self._best, self._hold = self.width, throughput, _HOLD
        if widened:
            self.width = min(self._most, max(self.width + 1, int(self.width * self._factor)))

    def _rest(self, throughput: float) -> None:
        self._best = throughput if self._best is None else (self._best + throughput) / 2
        self._hold -= 1
        if self._hold > 0:
            return
        self._upward = not self._upward
        factor = self._factor if self._upward else 1 / _NUDGE
        self.width = min(self._most, max(1, round(self.width * factor)))
