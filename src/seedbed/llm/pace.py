"""The pace of sending that a server's refusals (429, 529) teach."""

from __future__ import annotations

import math

# No measure is taken of a shorter time, since servers allow for bursts.
SHORTEST_SECONDS = 0.25
FULL_SECOND = 1.0
# The pace is set below what was measured, which is regained after so many seconds and then left behind.
CAUTION = 0.95
REGAINED_AFTER = 6.0
# For a refusal that comes too soon after the last one to measure anything. At 0.7 a server of 20 calls per
# second refuses half as many calls more of a thousand, in the same time.
BACK_OFF = 0.5
SLOWEST = 0.2
# While the pace is sought it doubles within so many seconds, in each round more slowly.
SEARCH = (0.15, 0.6, 2.4)
# Late timers are caught up with by so much.
CATCH_UP = 0.02
_OUTGROWN_SEARCH, _OUTGROWN = 64.0, 4.0


class Measure:
    """Calls that were admitted, as far as is known, and since when."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.admitted = 0
        self.until = math.inf

    def seconds(self, now: float) -> float:
        """Return how long this was measured."""
        return min(now, self.until) - self.since

    def rate(self, now: float) -> float:
        """Return the calls admitted per second, as if at least one had been."""
        return max(1, self.admitted) / max(self.seconds(now), SHORTEST_SECONDS)


class Pace:
    """How fast calls may be sent: as fast as one likes until the first refusal, then as measured.

    The measure is the number of calls admitted between two refusals over the time between them. The first
    refusal gives a guess only; from there the pace is sought by doublings, in each round more slowly.
    Then it follows the curve of TCP CUBIC (RFC 9438): 0.95 of what was measured, regained slowly,
    held, and left behind faster and faster, until the next refusal, or until no pace is needed.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._base: float | None = None
        self._round = 0
        self._measure: Measure | None = None
        self._guess: Measure | None = None
        self._last_second = 0.0
        self._feedback = 0.0
        self._cut_at = -math.inf
        self._age = 0.0
        self._brake = 1.0
        self._last_sent = -math.inf
        self._next = 0.0

    @property
    def is_known(self) -> bool:
        """Whether the pace was measured, and is not only guessed or sought."""
        return self._base is not None and self._round == len(SEARCH)

    @property
    def rate(self) -> float:
        """The calls per second that may be sent now; infinite where no pace is set."""
        if self._base is None:
            return math.inf
        return max(SLOWEST, self._base * self._growth() * self._braked())

    def _growth(self) -> float:
        return _cubic(self._age) if self.is_known else 2 ** min(99.0, self._age / self._doubling())

    def _braked(self) -> float:
        return min(1.0, self._brake * 2 ** min(99.0, self._age / SEARCH[0]))

    def _doubling(self) -> float:
        # What is sent before a refusal can tell of it is wasted.
        return max(SEARCH[self._round], self._feedback)

    def delay(self, now: float) -> float:
        """Return the seconds until the next call may be sent."""
        return 0.0 if self._base is None else max(0.0, self._next - now)

    def sent(self, now: float) -> None:
        """Count a call that is sent."""
        measure = self._measure = self._measure or Measure(now)
        measure.admitted += 1
        if self._base is None:
            if measure.seconds(now) >= FULL_SECOND:
                self._last_second = measure.rate(now)
                self._measure = Measure(now)
            return
        self._grow(now)
        if self._base is not None:
            self._next = max(self._next, now - CATCH_UP) + 1 / self.rate

    def _grow(self, now: float) -> None:
        since_last = now - self._last_sent
        # Only a pace that was kept has proved itself: not one with fewer calls than it allows.
        if since_last <= 1.5 / self.rate + CATCH_UP:
            self._age += since_last
        self._last_sent = now
        if self._growth() >= (_OUTGROWN if self.is_known else _OUTGROWN_SEARCH):
            self._forget()

    def refused(self, now: float, sent_at: float) -> bool:
        """Slow down, as a call sent at `sent_at` was refused; return False where that is done already."""
        if self._measure is None:
            return False
        if sent_at < self._cut_at:
            self._correct()
            return False
        self._measure.admitted -= sent_at >= self._measure.since
        self._feedback = now - sent_at
        if self._base is None:
            self._base = self._first_base(now)
        else:
            self._base = self._next_base(now, self._measure)
        self._cut_at = now
        self._age, self._last_sent = 0.0, -math.inf
        return True

    def _first_base(self, now: float) -> float:
        guess = self._guess = self._measure or Measure(now)
        guess.until = now
        self._measure = Measure(now)
        self._round = len(SEARCH) if self._last_second else 0
        base = max(SLOWEST, self._last_second, guess.rate(now))
        # The rest of a burst is about to be refused as well, and will correct the guess.
        self._next = now + max(1 / base, self._feedback)
        return base

    def _correct(self) -> None:
        """Take a call that was counted as admitted, when the first pace was guessed, out of that guess."""
        if self._guess is not None:
            self._guess.admitted -= 1
            self._base = max(SLOWEST, self._last_second, self._guess.rate(self._guess.until))

    def _next_base(self, now: float, measure: Measure) -> float:
        self._guess = None
        base = self._base or 0.0
        if measure.seconds(now) >= (FULL_SECOND if self.is_known else SHORTEST_SECONDS):
            base = max(measure.rate(now), BACK_OFF * base)
            self._brake = 1.0
            self._measure = Measure(now)
            self._round = min(self._round + 1, len(SEARCH))
        else:
            base *= max(1.0, self._growth())
            self._brake = BACK_OFF * self._braked()
        self._next = now + 1 / max(SLOWEST, base * self._brake)
        return base


def _cubic(age: float) -> float:
    return 1 + (1 - CAUTION) * (age / REGAINED_AFTER - 1) ** 3
