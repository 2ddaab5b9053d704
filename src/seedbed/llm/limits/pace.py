"""The pace of sending that a server's refusals (429, 529) teach."""

from __future__ import annotations

import math
from collections.abc import Iterator

# The first refusal comes at the end of a burst that the server allowed, which tells little of its pace.
SHORTEST_SECONDS = 0.25
FULL_SECOND = 1.0
# From the second on, what is admitted between two refusals is the pace, however short that was: of so many.
FEW = 4
# The pace is set below what was measured, which is regained after so many seconds and then left behind.
CAUTION = 0.95
REGAINED_AFTER = 6.0
# For a refusal that comes too soon after the last one to measure anything. At 0.7 a server of 20 calls per
# second refuses half as many calls more of a thousand, in the same time.
BACK_OFF = 0.5
SLOWEST = 0.2
# A pace that rose by so much, while it was sought and later, was far below the server's. Then what was
# admitted meanwhile is too low a measure for a server that allows no bursts: it took half as long again.
FAR_SOUGHT, FAR = 2.0, 1.12
# While the pace is sought it doubles within so many seconds, in each round more slowly.
SEARCH = (0.15, 0.6, 2.4)
# Late timers are caught up with by so much.
CATCH_UP = 0.02
_OUTGROWN_SEARCH, _OUTGROWN = 64.0, 4.0
_RESOLUTION = 1e-3


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

    def exact_rate(self, now: float) -> float:
        """Return the same for a time that began with a refusal and ends with one."""
        return max(1, self.admitted) / max(self.seconds(now), _RESOLUTION)


class Pace:
    """How fast calls may be sent: as fast as one likes until the first refusal, then as measured.

    The measure is the number of calls admitted between two refusals over the time between them: both found
    the server's bucket empty. The first refusal gives a guess only; from there the pace is sought by
    doublings, in each round more slowly, and the measure goes back to the first one.
    Then it follows the curve of TCP CUBIC (RFC 9438): 0.95 of what was measured, regained slowly,
    held, and left behind faster and faster, until the next refusal, or until no pace is needed.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._base: float | None = None
        self._round = 0
        self._measure: Measure | None = None
        self._since_first: Measure | None = None
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
        for one in self._measures():
            one.admitted += 1
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
            self._age += since_last if self.is_known else min(since_last, self._doubling())
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
        for measure in self._measures():
            measure.admitted -= sent_at >= measure.since
        self._feedback = now - sent_at
        if self._base is None:
            self._base = self._first_base(now)
        else:
            self._base = self._next_base(now, self._measure)
        self._cut_at = now
        self._age, self._last_sent = 0.0, -math.inf
        return True

    def _measures(self) -> Iterator[Measure]:
        return filter(None, (self._measure, self._since_first))

    def _first_base(self, now: float) -> float:
        guess = self._guess = self._measure or Measure(now)
        guess.until = now
        self._measure = Measure(now)
        self._since_first = Measure(now)
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
        base, growth = self._base or 0.0, self._growth()
        if self._tells(now, measure):
            if measure.admitted < FEW < base * measure.seconds(now) / 2:
                # Its quota is used up, or it is down: that tells nothing of the pace, which is sought again.
                self._round, base = 0, BACK_OFF * base
            else:
                found = self._measured(now, measure)
                base = found if measure.admitted >= FEW else max(found, BACK_OFF * base)
            if growth > (FAR if self.is_known else FAR_SOUGHT):
                base = math.sqrt(base * self.rate)
            self._brake = 1.0
            # A refusal that comes at once says that the last base was too high, and no more.
            self._round = min(self._round + (measure.admitted >= FEW), len(SEARCH))
            self._measure = Measure(now)
        else:
            base *= max(1.0, growth)
            self._brake = BACK_OFF * self._braked()
        self._next = now + 1 / max(SLOWEST, base * self._brake)
        return base

    def _tells(self, now: float, measure: Measure) -> bool:
        longest = measure if self.is_known else self._since_first or measure
        return longest.admitted >= FEW or measure.seconds(now) >= FULL_SECOND

    def _measured(self, now: float, measure: Measure) -> float:
        rates = [measure.exact_rate(now)] if self.is_known or measure.admitted >= FEW else []
        if not self.is_known and self._since_first is not None:
            rates.append(self._since_first.exact_rate(now))
        # A bucket that was full meanwhile has lost what it could not hold: the truth is no less than these.
        return max(rates)


def _cubic(age: float) -> float:
    return 1 + (1 - CAUTION) * (age / REGAINED_AFTER - 1) ** 3
