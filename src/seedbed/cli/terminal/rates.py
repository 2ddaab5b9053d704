"""How fast a count grows of late."""

from __future__ import annotations

from collections import deque

_SECONDS = 30.0


class Rate:
    """The growth of a count per second, over the last half minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def forget(self) -> None:
        """Begin again, where a count has grown at once by what says nothing of the time to come."""
        self._samples.clear()

    def at(self, now: float, count: int) -> float:
        """Return the rate at a moment, and remember the count for the next time."""
        self._samples.append((now, count))
        while self._samples[0][0] < now - _SECONDS:
            self._samples.popleft()
        then, before = self._samples[0]
        return (count - before) / (now - then) if now > then else 0.0
