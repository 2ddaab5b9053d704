"""How many rows a worker has in hand, where rows wait for nothing but its processor."""

from __future__ import annotations

import math

AHEAD_SECONDS = 0.25
"""Seconds of work that a worker has in hand."""
# News come every 10 ms, but on a machine whose processors are all taken the run's process was seen to wait
# 0.13 s for one. More than that is work that a faster worker can't get when this one turns out to be slow.

_FEWEST = 2
"""Rows in hand at least: one that's being made, and the next."""

_MEMORY_SECONDS = 1.0
"""Seconds after which news count half in the pace."""
# One interval says little: on a busy machine, two news come at once after a long time without any.


class WorkerPace:
    """A worker's rows per second; `room` is how many it may have in hand.

    If all rows were handed out at once, each worker would get the same number, and those that are done with
    theirs would wait for the slowest. Times are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self.room = self._fewest = _FEWEST
        self._rows = self._seconds = self._since = 0.0

    def begin(self, now: float) -> None:
        """Note that the worker gets rows, and had none."""
        self._since = now

    def note(self, settled: int, left: int, now: float) -> None:
        """Note that so many rows have been settled since the last news, and so many are left in hand."""
        seconds, self._since = now - self._since, now
        fading = 0.5 ** (seconds / _MEMORY_SECONDS)
        self._rows = self._rows * fading + settled
        self._seconds = self._seconds * fading + seconds
        if not left:
            # It had nothing to do while these news were on their way: a quarter of a second is too little.
            self._fewest = max(self._fewest, 2 * settled)
        pace = self._rows / max(self._seconds, 1e-6)
        self.room = max(self._fewest, math.ceil(pace * AHEAD_SECONDS))
