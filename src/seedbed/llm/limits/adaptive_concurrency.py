"""How many calls to one endpoint may be in flight at once."""

from __future__ import annotations

import math
from collections import Counter

from seedbed.llm.limits.climb import Climb

# Starting at 4, a server that serves 40 at once takes 5 % longer over 3,000 calls. Starting at 64, the window
# ends at 102 for such a server, where 40 calls give the same throughput.
START = 16
# The engine keeps at most this many rows in flight, so a wider window would hardly ever be filled.
MOST = 1024
# If many calls are sent at one moment, a server that refuses has refused them all before the first refusal
# arrives. So the window opens by a tenth at each tick, at most by STEP. With 8 calls at the first moment, a
# server that allows no bursts refused 7 of them; with steps of a sixth, a bucket of 100 was overrun by 25.
FIRST = 2
TICK_SECONDS = 0.002
# Beyond START, the window opens once something has come back, or after this many ticks (0.1 s): a model that
# takes a minute for an answer mustn't keep a given concurrency of 256 waiting for that minute.
FIRST_TICKS = 50
STEP = 6
DECREASE = 0.75
# The windows to wait before widening again double up to this many. With one window each time, a server that
# takes 8 calls at once refused 2.0 % of a thousand calls, instead of 1.3 %.
LONGEST_REST = 64
# If at most this share of the accepted calls had as many in flight, the server doesn't take that many. It
# isn't zero, since a server that takes 8 at once accepts a ninth call if another one ends at that moment:
# with zero, the window stays at 9, and such a server takes 3 % longer over a thousand calls.
UNUSUAL = 0.05


class ConcurrencyWindow:
    """The number of calls that may be in flight: given by the user, or adapted to what the server can take.

    A `given` number is start and cap; 256 are reached within 100 ms of the first answer. Without one, the
    window follows the throughput (`Climb`). If calls are refused because of their number, both kinds shrink
    to what was in flight, or to three quarters if that doesn't help, and then widen by an eighth after each
    window of answers. Each refusal doubles the number of windows to wait before that. `slots` is a cap.
    """

    def __init__(self, given: int | None = None, slots: int | None = None) -> None:
        self.cap = min(given or MOST, slots or MOST)
        self.limit = min(FIRST, self.cap)
        self._target = self.cap if given is not None else min(START, self.cap)
        # Only without a given number: a user who sets one knows the server, and shouldn't wait for a search.
        self._climb = Climb(self._target, self.cap) if given is None else None
        self._ticks_left = FIRST_TICKS
        # The widest window that the server is known to take; None until it refuses a call for the number.
        self._safe: int | None = None
        self._cut_at = -math.inf
        self._rest = 1
        self._rests = 0
        # Whether the window alone held calls back. If a pace or a lack of rows did, the throughput says
        # nothing about the width, and a doubling would seem not to pay.
        self.is_held = False
        self._since: float | None = None
        self._answers = 0
        # How many accepted calls were the last of so many in flight, since the last refusal and before it.
        self._taken: Counter[int] = Counter()
        self._taken_before: Counter[int] = Counter()

    @property
    def is_opening(self) -> bool:
        """Whether the limit is on its way up, by a step at each `tick`."""
        return self.limit < self._target

    def delay(self, now: float, in_flight: int) -> float:
        """Return the seconds until one more call may be sent; infinite if an answer must come first."""
        if self._since is None:
            # The clock starts with the first call, not with the limiter: rows may take a while to start.
            self._since = now
        if in_flight < self.limit:
            return 0.0
        self.is_held = True
        return math.inf

    def tick(self) -> None:
        """Open the window by a step; called every `TICK_SECONDS` while it is opening.

        A busy loop ticks late, but then it hasn't sent or received anything either.
        """
        self._ticks_left -= 1
        # Up to START it opens by one call at each tick, without waiting for an answer: 16 within 30 ms.
        if self._ticks_left <= 0 or self.limit < START:
            self.limit = min(self.limit + max(1, min(self.limit // 10, STEP)), self._target)

    def ended(self) -> None:
        """Note that something came back, whatever it was."""
        # Also an error: the server has been reached, so it would have refused by now.
        self._ticks_left = min(self._ticks_left, 1)

    def answered(self, now: float, in_flight: int) -> None:
        """Count an answer to a call that was the last of `in_flight`.

        A window's worth of answers is one measurement, if the window is what held calls back. Fewer would be
        dominated by which answers happen to be short.
        """
        self._taken[in_flight] += 1
        self._answers += 1
        if self._answers == 0:
            # The answers to the old window's calls are all here: the new window's measurement begins.
            self._since = now
        if self._since is None or self._answers < self.limit:
            return
        before = self._target
        if self.is_held and not self.is_opening:
            self._adapt(self._answers / max(now - self._since, 1e-9))
        # Answers to calls of the old window say nothing about the new one: skip as many.
        self._answers = 0 if self._target == before else -before
        self.is_held = False
        self._since = now

    def _adapt(self, throughput: float) -> None:
        if self._safe is None:
            if self._climb is not None:
                self._target = self._climb.step(throughput)
                # A narrower window counts at once; a wider one opens tick by tick.
                self.limit = min(self.limit, self._target)
        # Once the server has refused calls for their number, its refusals steer the window, not the
        # throughput: a doubling would be refused as a whole.
        elif self._rests > 0:
            self._rests -= 1
        else:
            self.limit = self._target = min(self.limit + max(1, self.limit // 8), self.cap)

    def is_unusual(self, in_flight: int) -> bool:
        """Whether hardly any recently accepted call was the last of so many.

        A server that takes only so many at once accepts one more only if another is just ending. One that
        counts calls per second accepts and refuses calls with the same number in flight. Without this, one
        that allows 20 per second was taken for one that takes two at once.
        """
        taken = self._taken + self._taken_before
        as_many = sum(count for number, count in taken.items() if number >= in_flight)
        return as_many <= UNUSUAL * taken.total()

    def begin_measure(self) -> None:
        """Forget what was accepted before the last refusal but one: servers change."""
        self._taken, self._taken_before = Counter(), self._taken

    def is_to_blame(self, in_flight: int) -> bool:
        """Whether more were in flight than the server is known to take, since the window was widened."""
        return self._safe is not None and in_flight > self._safe

    def refused(self, now: float, sent_at: float, in_flight: int) -> None:
        """Narrow the window, as a call was refused for being the last of so many in flight."""
        # Calls already in flight when the window was narrowed can't narrow it again: a burst of refusals
        # would close it.
        if sent_at < self._cut_at:
            return
        # Refused again before the window was widened once: what was in flight isn't a safe number either.
        again = self._rests == self._rest
        narrower = self.limit * DECREASE if again else in_flight - 1
        self.limit = self._target = self._safe = max(1, int(min(self.limit, narrower)))
        self._rest = self._rests = min(2 * self._rest, LONGEST_REST)
        self._cut_at = now
        self._answers = 0
