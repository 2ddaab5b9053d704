"""How fast a count has been growing."""

from __future__ import annotations

from collections import deque

_SECONDS = 30.0
"""The time over which a rate is taken: rows come in bursts."""


class Rate:
    """The growth of a count per second, over the last half minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def forget(self) -> None:
        """Start over, after the count has jumped for a reason that tells nothing about its speed."""
        self._samples.clear()

    def at(self, now: float, count: int) -> float:
        """Return the current rate, and note the count for the next call."""
        self._samples.append((now, count))
        while self._samples[0][0] < now - _SECONDS:
            self._samples.popleft()
        then, before = self._samples[0]
        return (count - before) / (now - then) if now > then else 0.0
