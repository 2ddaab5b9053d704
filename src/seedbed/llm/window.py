"""How many calls to one endpoint may be under way at once."""

from __future__ import annotations

import math

from seedbed.llm.climb import Climb

START = 16
MOST = 1024
# Hundreds of calls at one moment would all be refused before the first refusal could tell. So a given
# window is opened by a half at each tick, beginning when something has come back, or after so many ticks.
TICK_SECONDS = 0.01
FIRST_TICKS = 10
DECREASE = 0.75
LONGEST_REST = 64


class Window:
    """The number of calls that may be under way: given by the user, or adapted to what the server can take.

    A `given` number is start and cap; it is reached in steps within some 200 ms. Without one, the
    window follows the throughput (`Climb`). Where calls are refused for their number, both kinds fall to what
    was under way, or to three quarters where that does not help, and widen by an eighth after
    each window of answers; each refusal doubles the number of windows before that. `slots` is a cap.
    """

    def __init__(self, given: int | None = None, slots: int | None = None) -> None:
        self.cap = min(given or MOST, slots or MOST)
        self.limit = min(START, self.cap)
        self._climb = Climb(self.limit, self.cap) if given is None else None
        self.is_opening = given is not None and self.limit < self.cap
        self._ticks_left = FIRST_TICKS
        self._safe: int | None = None
        self._cut_at = -math.inf
        self._rest = 1
        self._rests = 0
        self._held = False
        self._since: float | None = None
        self._answers = 0

    def delay(self, now: float, in_flight: int) -> float:
        """Return the seconds until one more call may be sent; infinite where an answer must come first."""
        if self._since is None:
            self._since = now
        if in_flight < self.limit:
            return 0.0
        self._held = True
        return math.inf

    def tick(self) -> None:
        """Open a given window by a step; called every `TICK_SECONDS` while it is opening.

        A loop that is busy ticks late, and then has not sent or received anything either.
        """
        self._ticks_left -= 1
        if self._ticks_left <= 0:
            self.limit = min(self.limit + self.limit // 2, self.cap)
            self.is_opening &= self.limit < self.cap

    def ended(self) -> None:
        """Take note that something came back, whatever it was."""
        self._ticks_left = min(self._ticks_left, 1)

    def answered(self, now: float) -> None:
        """Count an answer; as many as the window is wide are a measure, if the window was what held calls."""
        self._answers += 1
        if self._answers == 0:
            self._since = now
        if self._since is None or self._answers < self.limit:
            return
        before = self.limit
        if self._held and not self.is_opening:
            self._adapt(self._answers / max(now - self._since, 1e-9))
        # Answers to calls of the old window say nothing of the new one.
        self._answers = 0 if self.limit == before else -before
        self._held = False
        self._since = now

    def _adapt(self, throughput: float) -> None:
        if self._safe is None:
            if self._climb is not None:
                self.limit = self._climb.step(throughput)
        elif self._rests > 0:
            self._rests -= 1
        else:
            self.limit = min(self.limit + max(1, self.limit // 8), self.cap)

    def is_to_blame(self, in_flight: int) -> bool:
        """Whether more were under way than are known to be taken, since the window was widened."""
        return self._safe is not None and in_flight > self._safe

    def refused(self, now: float, sent_at: float, in_flight: int) -> None:
        """Narrow the window, as a call was refused for being the last of so many under way."""
        if sent_at < self._cut_at:
            return
        again = self._rests == self._rest
        narrower = self.limit * DECREASE if again else in_flight - 1
        self.limit = self._safe = max(1, int(min(self.limit, narrower)))
        self._rest = self._rests = min(2 * self._rest, LONGEST_REST)
        self._cut_at = now
        self.is_opening = False
        self._answers = 0
