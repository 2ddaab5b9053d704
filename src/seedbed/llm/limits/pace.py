"""The pace of sending that a server's refusals (429, 529) teach."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right

# The pace is sought from here, or from what was admitted before the first refusal, as if within a second.
# A guess that is too high costs a refusal for each halving, one too low 50 ms for each doubling: guessing
# four times as much, a server of 20 per second with a bucket of 20 refused four calls more.
SOUGHT_FROM = 20.0
FULL_SECOND = 1.0
# So many calls admitted between two refusals are a measure; after fewer the pace is only corrected.
FEW = 4
# While the pace is sought it doubles within so many seconds, in each round more slowly. With 0.15 at first,
# a server of 1,000 per second with a bucket of 10 took 8 % longer; without the last round, one of 100 without
# bursts took 4 % longer.
SEARCH = (0.05, 0.6, 2.4)
# The pace is set below what was measured, which is regained after so many seconds, or calls where they are
# slow, and then left behind: a server without bursts refuses a call each time. After six seconds in every
# case, one of 2 per second refused a call of 15.
CAUTION = 0.95
REGAINED_AFTER = 6.0
REGAINED_CALLS = 250
SLOWEST = 0.2
# Late timers are caught up with by so much.
CATCH_UP = 0.02
# The moments that are kept of calls since the last refusal; of earlier ones the number is enough.
MOST_MOMENTS = 8192
_OUTGROWN_SEARCH, _OUTGROWN = 1024.0, 4.0
_RESOLUTION = 1e-3


class Pace:
    """How fast calls may be sent: as fast as one likes until the first refusal, then as measured.

    The measure is the number of calls admitted between two refusals over the time between them: both found
    the server's bucket empty. A bucket that was full meanwhile has lost what it could not hold. So it counts,
    too, at which pace the last calls were admitted beyond what the bucket holds, which is known from those
    before the first refusal. From a low guess the pace is sought by doublings, in each round more slowly.
    Then it follows the curve of TCP CUBIC (RFC 9438): 0.95 of what was measured, regained slowly,
    held, and left behind faster and faster, until the next refusal, or until no pace is needed.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.rate = math.inf
        self._base: float | None = None
        self._round = 0
        # The moments of calls that were not refused, as far as is known: those before the first refusal,
        # and those since the last one that was a measure, without the oldest, which are only counted.
        self._opening = array("d")
        self._sent = array("d")
        self._dropped = 0
        self._last_second = 0.0
        self._is_guess = False
        self._since = -math.inf
        self._first_at: float | None = None
        self._before_since = 0
        self._taken_at = -math.inf
        self._refused_at = -math.inf
        self._silent_since = -math.inf
        self._feedback = 0.0
        self._cut_at = -math.inf
        self._age = 0.0
        self._next = 0.0

    @property
    def is_known(self) -> bool:
        """Whether the pace was measured, and is not only guessed or sought."""
        return self._base is not None and self._round == len(SEARCH)

    def delay(self, now: float) -> float:
        """Return the seconds until the next call may be sent."""
        return 0.0 if self._base is None else max(0.0, self._next - now)

    def sent(self, now: float) -> None:
        """Count a call that is sent."""
        if self._base is None:
            self._sent_freely(now)
            return
        self._sent.append(now)
        if len(self._sent) > MOST_MOMENTS:
            self._drop(MOST_MOMENTS // 2)
        gap = 1 / self.rate
        if self._next < now - CATCH_UP:
            # Only a pace that was kept has proved itself: not one with fewer calls than it allows.
            self._next = now - CATCH_UP + gap
            return
        self._next += gap
        self._age += gap if self.is_known else min(gap, self._doubling())
        self._grow(self._base)

    def _sent_freely(self, now: float) -> None:
        if self._sent and now - self._since >= FULL_SECOND:
            self._last_second = len(self._sent) / (now - self._since)
            del self._sent[:]
        if not self._sent:
            self._since = now
        self._sent.append(now)

    def _drop(self, number: int) -> None:
        self._dropped += number
        del self._sent[:number]

    def _grow(self, base: float) -> None:
        growth = _cubic(self._age, base) if self.is_known else 2 ** min(99.0, self._age / self._doubling())
        if growth >= (_OUTGROWN if self.is_known else _OUTGROWN_SEARCH):
            self._forget()
        else:
            self.rate = max(SLOWEST, base * growth)

    def _doubling(self) -> float:
        # What is sent before a refusal can tell of it is wasted.
        return max(SEARCH[self._round], self._feedback)

    def refused(self, now: float, sent_at: float) -> bool:
        """Slow down, as a call sent at `sent_at` was refused; return False where that is done already."""
        if self._base is None and not self._sent:
            return False
        self._take_back(sent_at)
        if sent_at <= self._cut_at:
            return False
        self._feedback, self._cut_at, self._age = now - sent_at, now, 0.0
        before = bisect_right(self._sent, sent_at)
        if self._base is None:
            # What was sent meanwhile is about to be refused as well.
            pause = self._feedback
            self._base = self._guess(before, sent_at)
        else:
            pause = self._silence(before, sent_at)
            self._base = self._corrected(self._base, before, now, sent_at)
        self._refused_at = sent_at
        self._grow(self._base)
        self._next = now + min(max(1 / self.rate, pause), 1 / SLOWEST)
        return True

    def _silence(self, before: int, sent_at: float) -> float:
        """Return for how long the server has taken nothing, though it was asked."""
        if not before:
            return sent_at - self._taken_at
        if self._sent[before - 1] > self._refused_at:
            self._silent_since = sent_at
        return sent_at - self._silent_since

    def _take_back(self, sent_at: float) -> None:
        """Count a call that was refused as admitted no more."""
        at = bisect_left(self._sent, sent_at)
        if at < len(self._sent) and self._sent[at] == sent_at:
            del self._sent[at]
        elif self._is_guess and self._opening:
            self._opening.pop()
            self._base = self._first_base()
            self._grow(self._base)
        elif sent_at <= self._since:
            self._before_since -= 1

    def _guess(self, before: int, sent_at: float) -> float:
        self._opening = self._sent[:before]
        self._is_guess = True
        self._round = 1 if self._last_second else 0
        self._begin_measure(before, sent_at)
        return self._first_base()

    def _first_base(self) -> float:
        return max(SOUGHT_FROM, len(self._opening), self._last_second)

    def _begin_measure(self, before: int, sent_at: float) -> None:
        if self._first_at is None:
            self._first_at, self._before_since = sent_at, 0
        else:
            self._before_since += self._dropped + before
        self._drop(before)
        self._dropped = 0
        self._since = self._taken_at = sent_at

    def _corrected(self, base: float, before: int, now: float, sent_at: float) -> float:
        """Return the pace that a refusal teaches after another one, `before` calls of `_sent` after it."""
        self._is_guess = False
        admitted = self._dropped + before
        taken_at = self._sent[before - 1] if before else self._taken_at
        silence = self._silence(before, sent_at)
        kept = admitted / max(taken_at - self._since, _RESOLUTION) if before else base
        # At the pace that it kept before it would have taken more: a slow server only looks like that.
        if silence >= FULL_SECOND and (not admitted or silence * kept >= FEW):
            self._seek_again(before, now + min(silence, 1 / SLOWEST), taken_at)
            return SOUGHT_FROM
        if not admitted:
            return min(self.rate, 1 / max(silence, _RESOLUTION))
        measured = self._measured(admitted, before, sent_at)
        if admitted < FEW:
            self._round = max(self._round, 1)
        else:
            self._round = min(self._round + 1, len(SEARCH))
            self._begin_measure(before, sent_at)
        return measured

    def _seek_again(self, before: int, next_at: float, taken_at: float) -> None:
        """Begin again after a time in which nothing was taken: its quota is used up, or it is down.

        That tells nothing of the pace, nor is it known when it ends: no earlier than with the next call.
        """
        self._round = 0
        self._drop(before)
        self._dropped = 0
        self._first_at = None
        self._since, self._taken_at = next_at, taken_at

    def _measured(self, admitted: int, before: int, sent_at: float) -> float:
        rate = admitted / max(sent_at - self._since, _RESOLUTION)
        if not self.is_known and self._first_at is not None:
            whole = (self._before_since + admitted) / max(sent_at - self._first_at, _RESOLUTION)
            rate = max(rate, whole)
        # Late timers send several calls at one moment, which seem to prove any rate.
        return max(rate, min(self.rate, self._proved(before, self._burst(rate))))

    def _burst(self, rate: float) -> float:
        """Return the most that the bucket can hold, by what was admitted before the first refusal.

        The server's rate is no less than `rate`.
        """
        if not self._opening:
            return math.inf
        number, end = len(self._opening), self._opening[-1]
        return max(number - at - rate * (end - moment) for at, moment in enumerate(self._opening))

    def _proved(self, before: int, burst: float) -> float:
        """Return the least rate at which a bucket that was full before can have admitted the last calls."""
        moments, most = self._sent[:before], 0.0
        latest = moments.pop() if moments else 0.0
        for number, moment in enumerate(reversed(moments), 2):
            most = max(most, (number - burst) / max(latest - moment, _RESOLUTION))
        return most


def _cubic(age: float, base: float) -> float:
    regained_after = max(REGAINED_AFTER, REGAINED_CALLS / base)
    since = age - regained_after
    return 1 + (1 - CAUTION) * (since / (regained_after if since < 0 else REGAINED_AFTER)) ** 3
