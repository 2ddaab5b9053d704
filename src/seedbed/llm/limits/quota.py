"""Requests and tokens per minute: given by the user, or learnt from the headers of answers."""

from __future__ import annotations

# What may be sent at once of a quota that is given.
BURST_SECONDS = 0.1
_MINUTE = 60.0
# Many servers round the reset up to whole seconds, which says nothing of a quota that is back sooner.
_ROUNDED_SECONDS = 2.0
_MEASURE_SECONDS = 0.25


class Bucket:
    """A token bucket: it holds `capacity` at most, and fills by `rate` a second.

    More than fits may be taken from a full bucket, which then has a debt to make up for.
    """

    def __init__(self, rate: float, capacity: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self.level = capacity
        self._filled_at = 0.0

    def delay(self, now: float, amount: float) -> float:
        """Return the seconds until `amount` can be taken."""
        self.fill(now)
        missing = min(amount, self.capacity) - self.level
        return missing / self.rate if missing > 1e-6 else 0.0

    def take(self, amount: float) -> None:
        """Take an amount."""
        self.level -= amount

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used; of a negative amount, take more."""
        self.level = min(self.level + amount, self.capacity)

    def fill(self, now: float) -> None:
        """Let flow in what has come since the last time."""
        self.level = min(self.capacity, self.level + (now - self._filled_at) * self.rate)
        self._filled_at = now


def bucket_per_minute(amount: float) -> Bucket:
    """Return a bucket that gives `amount` in any minute: evenly, with small bursts."""
    burst = max(1.0, amount * BURST_SECONDS / _MINUTE)
    return Bucket((amount - burst) / _MINUTE if burst > 1 else amount / _MINUTE, burst)


class LearntQuota:
    """What the headers of the latest call say is left, less what was taken since that call was sent.

    Rates are taken from the time until all of the quota is back, since headers do not say whether a limit
    is one for a minute or for a day. Where that is so short that rounding hides it, what came back between
    two answers counts as well.
    """

    def __init__(self) -> None:
        self.taken = 0.0
        self._bucket: Bucket | None = None
        self._learnt_from = 0.0
        self._mark: tuple[float, float] | None = None
        self._came_back = 0.0

    def delay(self, now: float, amount: float) -> float:
        """Return the seconds until `amount` may be taken; none while nothing is known."""
        return 0.0 if self._bucket is None else self._bucket.delay(now, amount)

    def take(self, amount: float) -> None:
        """Take an amount."""
        self.taken += amount
        if self._bucket is not None:
            self._bucket.take(amount)

    def learn(
        self,
        now: float,
        sent_at: float,
        taken: float,
        limit: int | None,
        left: int | None,
        reset: float | None,
    ) -> None:
        """Take what the headers of a call say, which was sent when `taken` had been taken in all."""
        if not limit or left is None or sent_at < self._learnt_from:
            return
        self._learnt_from = sent_at
        self._measure(sent_at, left + taken)
        rate = (limit - left) / reset if reset and left < limit else limit / _MINUTE
        if reset is not None and reset <= _ROUNDED_SECONDS:
            rate = max(rate, self._came_back)
        self._bucket = Bucket(rate, limit)
        self._bucket.fill(now)
        # What came back while the call was under way makes up for what was sent meanwhile, and for no more:
        # without it a quota smaller than what is under way would hold calls to one quota per round trip.
        sent_since = max(0.0, self.taken - taken - (now - sent_at) * rate)
        self._bucket.level = min(limit, left) - sent_since

    def _measure(self, sent_at: float, left_and_taken: float) -> None:
        """Measure what came back per second, as seen by calls that were sent a while apart."""
        since, before = self._mark or (sent_at, left_and_taken)
        if sent_at - since >= _MEASURE_SECONDS:
            self._came_back = (left_and_taken - before) / (sent_at - since)
            self._mark = sent_at, left_and_taken
        else:
            self._mark = since, before
