"""The pace of sending that is learned from a server's refusals (429, 529)."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right

from seedbed.llm.limits.refusals_at_random import Forgiving, KnownRate

# The figures below are from simulated servers (as in tests/llm/test_rates.py), 1,000 calls, and 50 ms
# latency.

# The search starts here, or at what was admitted before the first refusal, as if within a second. If the
# guess is too high, each halving costs a refusal; if it's too low, each doubling costs 50 ms. With a guess
# four times as high, a server of 20 per second with a bucket of 20 refused four calls more. From 5, one of
# 100 per second without bursts takes 4 % longer.
SOUGHT_FROM = 20.0
# With a fifth of it, a server of 1 per second refuses 5.4 % of 300 calls instead of 3.5 %.
FULL_SECOND = 1.0
# This many calls admitted between two refusals are a measurement; after fewer, the pace is only corrected.
# With 16, a server of 20 per second without bursts refuses 1.9 % of the calls instead of 0.9 %.
FEW = 4
# During the search the pace doubles within this many seconds, in each round more slowly. With 0.15 at first,
# a server of 1,000 per second with a bucket of 10 took 8 % longer; without the last round, one of 100 without
# bursts took 4 % longer.
SEARCH = (0.05, 0.6, 2.4)
# The pace is set below what was measured, since a server without bursts refuses a call each time that it's
# exceeded. At 1.0 the curve of `_cubic` would be flat, and a raised limit never found: after a limit rose
# from 20 to 200 per second, 8,000 calls took 10 times the ideal time instead of 1.6 times.
CAUTION = 0.95
# The measured rate is reached again after this many seconds. With 20, the same rise takes 2.4 times the
# ideal; with 2, a server of 100 per second without bursts refuses 0.8 % of the calls instead of 0.6 %.
REGAINED_AFTER = 6.0
# Slow servers get this many calls instead: with six seconds for all, one of 1 per second refuses 7.4 % of 300
# calls instead of 3.5 %.
REGAINED_CALLS = 250
# No pause is longer than five seconds. While a server accepts nothing for ten seconds, a limit of one second
# has 2.0 % of a thousand calls refused instead of 1.4 %; no limit makes them take two seconds longer.
SLOWEST = 0.2
# A busy loop's timers fire late. The pace catches up by this much and no more: an unbounded backlog would go
# out as one burst. It makes no difference in simulated time, where no timer is late.
CATCH_UP = 0.02
# The times that are kept of calls since the last refusal; for earlier ones the number is enough. 64 KiB.
MOST_MOMENTS = 8192
# A pace is dropped when it has grown this much. During the search that has to be far more than any guess can
# be off: at 16, a server of 100 per second refused 28 % of the calls, since its pace was dropped in between.
_OUTGROWN_SEARCH, _OUTGROWN = 1024.0, 4.0
# Two calls in the same millisecond would seem to prove any rate.
_RESOLUTION = 1e-3


class Pace:
    """How fast calls may be sent: without any limit until the first refusal, then as measured.

    The measured rate is the number of calls admitted between two refusals, divided by the time between them:
    the server's bucket was empty at both. A bucket that was full in between lost what it couldn't hold. So
    the rate at which the last calls were admitted beyond what the bucket holds counts as well; the calls
    before the first refusal show how much it holds. The search starts at a low guess, which doubles, in each
    round more slowly. Then the pace follows the curve of TCP CUBIC (RFC 9438): it's set to 0.95 of the
    measured rate, returns to that slowly, stays there, and rises faster and faster, until the next refusal or
    until no pace is needed.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.rate = math.inf
        self._base: float | None = None
        self._round = 0
        # The times of calls that weren't refused, as far as is known: before the first refusal, and since the
        # last refusal that was a measurement. The oldest of these are only counted.
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
        self._known = KnownRate(0.0)
        self._forgiving: Forgiving | None = None

    @property
    def is_known(self) -> bool:
        """Whether the pace was measured, and isn't just a guess or part of the search."""
        return self._base is not None and self._round == len(SEARCH)

    def delay(self, now: float) -> float:
        """Return the seconds until the next call may be sent."""
        return 0.0 if self._base is None else max(0.0, self._next - now)

    def sent(self, now: float) -> None:
        """Count a call that is sent."""
        if self._base is None:
            self._sent_freely(now)
            return
        self._known.sent()
        if self._forgiving is not None:
            self._forgiving.sent()
        self._sent.append(now)
        if len(self._sent) > MOST_MOMENTS:
            self._drop(MOST_MOMENTS // 2)
        gap = 1 / self.rate
        if self._next < now - CATCH_UP:
            # The pace grows only while it's used up: fewer calls than it allows prove nothing. Without this
            # return, a run with pauses came back with a pace far above the server's.
            self._next = now - CATCH_UP + gap
            return
        self._next += gap
        self._age += gap if self.is_known else min(gap, self._doubling())
        self._grow(self._base)

    def _sent_freely(self, now: float) -> None:
        # The guess should follow the calls of the last second, not a burst of an hour ago.
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
        # Not faster than refusals come back: calls sent before the first one arrives are refused as well.
        return max(SEARCH[self._round], self._feedback)

    def refused(self, now: float, sent_at: float) -> bool:
        """Slow down, as a call sent at `sent_at` was refused; return False if that's done already."""
        # A call from before the pace was dropped: there's nothing to measure yet.
        if self._base is None and not self._sent:
            return False
        if self._forgiving is not None:
            if self._forgiving.forgives():
                return False
            # The limit is lower than it was, so that rate isn't known any more.
            self._forgiving, self._known = None, KnownRate(0.0)
        self._take_back(sent_at)
        # Already in flight when the pace was cut: a burst of refusals is one piece of news.
        if sent_at <= self._cut_at:
            return False
        self._feedback, self._cut_at, self._age = now - sent_at, now, 0.0
        before = bisect_right(self._sent, sent_at)
        if self._base is None:
            # What was sent meanwhile is about to be refused as well: wait as long as a refusal takes.
            pause = self._feedback
            self._base = self._guess(before, sent_at)
        else:
            pause = self._silence(before, sent_at)
            was_known = self.is_known
            self._base = self._corrected(self._base, before, now, sent_at)
            if self._has_fallen(self._base, was_known):
                self._base, self._forgiving, pause = self._known.rate, Forgiving(self._known.share), 0.0
        self._refused_at = sent_at
        self._grow(self._base)
        # Waiting as long again as the server has accepted nothing doubles the pause with each refusal, like a
        # backoff, without counting refusals.
        self._next = now + min(max(1 / self.rate, pause), 1 / SLOWEST)
        return True

    def _has_fallen(self, base: float, was_known: bool) -> bool:
        """Whether a newly measured rate is far below the one that was known first."""
        if was_known and self.is_known:
            return self._known.has_fallen_to(base)
        self._known = KnownRate(base)
        return False

    def _silence(self, before: int, sent_at: float) -> float:
        """Return for how long the server has accepted nothing, though it was asked."""
        if not before:
            return sent_at - self._taken_at
        # From the first refused call on, not from the last accepted one: a client that paused for a minute
        # hasn't been refused for a minute.
        if self._sent[before - 1] > self._refused_at:
            self._silent_since = sent_at
        return sent_at - self._silent_since

    def _take_back(self, sent_at: float) -> None:
        """Stop counting a refused call as admitted: calls count from when they're sent until then."""
        at = bisect_left(self._sent, sent_at)
        if at < len(self._sent) and self._sent[at] == sent_at:
            del self._sent[at]
        elif self._is_guess and self._opening:
            # It was sent before the first refusal, so the bucket held one call less than it seemed to.
            self._opening.pop()
            self._base = self._first_base()
            self._grow(self._base)
        elif sent_at <= self._since:
            self._before_since -= 1

    def _guess(self, before: int, sent_at: float) -> float:
        self._opening = self._sent[:before]
        self._is_guess = True
        # A client that sent for a second or more without a refusal knows the rate roughly: skip the fast
        # round.
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
        """Return the pace that follows from a second refusal, with `before` calls of `_sent` in between."""
        self._is_guess = False
        admitted = self._dropped + before
        taken_at = self._sent[before - 1] if before else self._taken_at
        silence = self._silence(before, sent_at)
        kept = admitted / max(taken_at - self._since, _RESOLUTION) if before else base
        # An outage only if the server would have accepted some calls at the rate before: a server of one call
        # in five seconds is just as silent. What was admitted during an outage doesn't count: it set the pace
        # to almost nothing, and a thousand calls to a server of 100 per second took a minute.
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
        """Start the search over after a time in which nothing was accepted: a used-up quota, or an outage.

        That says nothing about the pace. Nor is it known when it ends: with the next call at the earliest.
        """
        self._round = 0
        self._drop(before)
        self._dropped = 0
        self._first_at = None
        self._since, self._taken_at = next_at, taken_at

    def _measured(self, admitted: int, before: int, sent_at: float) -> float:
        rate = admitted / max(sent_at - self._since, _RESOLUTION)
        # Both are lower bounds, since a full bucket loses what it can't hold: the higher one is nearer.
        if not self.is_known and self._first_at is not None:
            whole = (self._before_since + admitted) / max(sent_at - self._first_at, _RESOLUTION)
            rate = max(rate, whole)
        # At most the pace that was kept: late timers send several calls at one moment, which would seem to
        # prove any rate. Without `_proved`, servers that allow no bursts were used at 0.8 of their rate.
        return max(rate, min(self.rate, self._proved(before, self._burst(rate))))

    def _burst(self, rate: float) -> float:
        """Return the most that the bucket can hold, judging by what was admitted before the first refusal.

        The server's rate is at least `rate`.
        """
        if not self._opening:
            return math.inf
        number, end = len(self._opening), self._opening[-1]
        return max(number - at - rate * (end - moment) for at, moment in enumerate(self._opening))

    def _proved(self, before: int, burst: float) -> float:
        """Return the lowest rate at which even a full bucket can have admitted the last calls."""
        moments, most = self._sent[:before], 0.0
        latest = moments.pop() if moments else 0.0
        for number, moment in enumerate(reversed(moments), 2):
            most = max(most, (number - burst) / max(latest - moment, _RESOLUTION))
        return most


def _cubic(age: float, base: float) -> float:
    # RFC 9438 measures time since the last loss; here it's the time for which the pace was used up.
    regained_after = max(REGAINED_AFTER, REGAINED_CALLS / base)
    since = age - regained_after
    # Up to the measured rate, slow servers take longer; beyond it, all take the same time to find a raised
    # limit.
    return 1 + (1 - CAUTION) * (since / (regained_after if since < 0 else REGAINED_AFTER)) ** 3
