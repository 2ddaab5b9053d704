"""How many calls to one endpoint may be under way at once."""

from __future__ import annotations

import math
from collections import Counter

from seedbed.llm.limits.climb import Climb

START = 16
MOST = 1024
# Calls that are sent at one moment are all refused before the first refusal can tell. So a window is opened
# in steps of a tenth, of no more than STEP, one at each tick; beyond START when something has come back, or
# after so many ticks. With 8 calls at the first moment a server without bursts refused 7 of them, and with
# steps of a sixth a bucket of 100 calls was overrun by 25.
FIRST = 2
TICK_SECONDS = 0.002
FIRST_TICKS = 50
STEP = 6
DECREASE = 0.75
LONGEST_REST = 64
# The share of calls up to which a number under way counts as one that the server does not take.
UNUSUAL = 0.05


class ConcurrencyWindow:
    """The number of calls that may be under way: given by the user, or adapted to what the server can take.

    A `given` number is start and cap; 256 are reached within 100 ms of the first answer. Without one, the
    window follows the throughput (`Climb`). Where calls are refused for their number, both kinds fall to what
    was under way, or to three quarters where that does not help, and widen by an eighth after
    each window of answers; each refusal doubles the number of windows before that. `slots` is a cap.
    """

    def __init__(self, given: int | None = None, slots: int | None = None) -> None:
        self.cap = min(given or MOST, slots or MOST)
        self.limit = min(FIRST, self.cap)
        self._target = self.cap if given is not None else min(START, self.cap)
        self._climb = Climb(self._target, self.cap) if given is None else None
        self._ticks_left = FIRST_TICKS
        self._safe: int | None = None
        self._cut_at = -math.inf
        self._rest = 1
        self._rests = 0
        # Whether the window held calls, and nothing else: only then does the throughput tell of it.
        self.is_held = False
        self._since: float | None = None
        self._answers = 0
        self._taken: Counter[int] = Counter()
        self._taken_before: Counter[int] = Counter()

    @property
    def is_opening(self) -> bool:
        """Whether the limit is on its way up, by a step at each `tick`."""
        return self.limit < self._target

    def delay(self, now: float, in_flight: int) -> float:
        """Return the seconds until one more call may be sent; infinite where an answer must come first."""
        if self._since is None:
            self._since = now
        if in_flight < self.limit:
            return 0.0
        self.is_held = True
        return math.inf

    def tick(self) -> None:
        """Open the window by a step; called every `TICK_SECONDS` while it is opening.

        A loop that is busy ticks late, and then has not sent or received anything either.
        """
        self._ticks_left -= 1
        if self._ticks_left <= 0 or self.limit < START:
            self.limit = min(self.limit + max(1, min(self.limit // 10, STEP)), self._target)

    def ended(self) -> None:
        """Take note that something came back, whatever it was."""
        self._ticks_left = min(self._ticks_left, 1)

    def answered(self, now: float, in_flight: int) -> None:
        """Count an answer to a call that was the last of `in_flight`.

        As many answers as the window is wide are a measure, if the window was what held calls.
        """
        self._taken[in_flight] += 1
        self._answers += 1
        if self._answers == 0:
            self._since = now
        if self._since is None or self._answers < self.limit:
            return
        before = self._target
        if self.is_held and not self.is_opening:
            self._adapt(self._answers / max(now - self._since, 1e-9))
        # Answers to calls of the old window say nothing of the new one.
        self._answers = 0 if self._target == before else -before
        self.is_held = False
        self._since = now

    def _adapt(self, throughput: float) -> None:
        if self._safe is None:
            if self._climb is not None:
                self._target = self._climb.step(throughput)
                self.limit = min(self.limit, self._target)
        elif self._rests > 0:
            self._rests -= 1
        else:
            self.limit = self._target = min(self.limit + max(1, self.limit // 8), self.cap)

    def is_unusual(self, in_flight: int) -> bool:
        """Whether hardly any call that the server took lately was the last of so many.

        A server that takes only so many at once takes one more only where another is just ending; one that
        counts calls per second takes and refuses with the same number under way.
        """
        taken = self._taken + self._taken_before
        as_many = sum(count for number, count in taken.items() if number >= in_flight)
        return as_many <= UNUSUAL * taken.total()

    def begin_measure(self) -> None:
        """Forget what was taken before the last refusal but one: servers change."""
        self._taken, self._taken_before = Counter(), self._taken

    def is_to_blame(self, in_flight: int) -> bool:
        """Whether more were under way than are known to be taken, since the window was widened."""
        return self._safe is not None and in_flight > self._safe

    def refused(self, now: float, sent_at: float, in_flight: int) -> None:
        """Narrow the window, as a call was refused for being the last of so many under way."""
        if sent_at < self._cut_at:
            return
        again = self._rests == self._rest
        narrower = self.limit * DECREASE if again else in_flight - 1
        self.limit = self._target = self._safe = max(1, int(min(self.limit, narrower)))
        self._rest = self._rests = min(2 * self._rest, LONGEST_REST)
        self._cut_at = now
        self._answers = 0
