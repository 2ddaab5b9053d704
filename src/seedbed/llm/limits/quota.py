"""Requests and tokens per minute: given by the user, or learned from the headers of answers."""

from __future__ import annotations

# How much of a given quota may be sent at once. A burst counts in the same minute as what is refilled after
# it, so a larger one lowers the rate: with 10 s, 1,200 calls at 600 per minute take 132 s instead of 120 s.
BURST_SECONDS = 0.1
_MINUTE = 60.0
# Many servers round the reset up to whole seconds. A quota that is back in a tenth of a second then seemed
# ten times slower than it is.
_ROUNDED_SECONDS = 2.0
# Simulated, 1,000 calls to a server of 100 per second with a bucket of 100 take 11 % longer if the refill is
# measured over 2 s instead, and 1 % longer with 0.02 s.
_MEASURE_SECONDS = 0.25


class Bucket:
    """A token bucket: it holds at most `capacity`, and is refilled at `rate` per second.

    More than fits may be taken from a full bucket, which then is in debt.
    """

    def __init__(self, rate: float, capacity: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self.level = capacity
        self._filled_at = 0.0

    def delay(self, now: float, amount: float) -> float:
        """Return the seconds until `amount` can be taken."""
        self.fill(now)
        # A call larger than the bucket waits until it's full: it would wait forever otherwise.
        missing = min(amount, self.capacity) - self.level
        # Sums of floats leave remainders. For those, a timer of a few nanoseconds would be set again and
        # again: in simulated time, 600 calls at 700 per minute never ended.
        return missing / self.rate if missing > 1e-6 else 0.0

    def take(self, amount: float) -> None:
        """Take an amount."""
        self.level -= amount

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used; with a negative amount, take more."""
        self.level = min(self.level + amount, self.capacity)

    def fill(self, now: float) -> None:
        """Refill the bucket with what has come since the last time."""
        self.level = min(self.capacity, self.level + (now - self._filled_at) * self.rate)
        self._filled_at = now


def bucket_per_minute(amount: float) -> Bucket:
    """Return a bucket that gives `amount` in any minute: evenly, with small bursts."""
    burst = max(1.0, amount * BURST_SECONDS / _MINUTE)
    # The rate is that much lower: a full bucket and a minute's refill must not exceed the amount together.
    return Bucket((amount - burst) / _MINUTE if burst > 1 else amount / _MINUTE, burst)


class LearntQuota:
    """What is left according to the headers of the latest call, minus what was taken since it was sent.

    Headers don't say whether a limit is per minute or per day, so the rate is derived from the time until the
    quota is full again. If that is so short that rounding hides it, the refill between two answers counts as
    well.
    """

    def __init__(self) -> None:
        self.taken = 0.0
        self._bucket: Bucket | None = None
        self._learnt_from = 0.0
        self._mark: tuple[float, float] | None = None
        self._came_back = 0.0

    def delay(self, now: float, amount: float) -> float:
        """Return the seconds until `amount` may be taken; 0 while nothing is known."""
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
        """Learn from the headers of a call, which was sent when `taken` had been taken in total."""
        # Answers arrive in any order; those to earlier calls tell about an earlier state.
        if not limit or left is None or sent_at < self._learnt_from:
            return
        self._learnt_from = sent_at
        self._measure(sent_at, left + taken)
        rate = (limit - left) / reset if reset and left < limit else limit / _MINUTE
        if reset is not None and reset <= _ROUNDED_SECONDS:
            rate = max(rate, self._came_back)
        self._bucket = Bucket(rate, limit)
        self._bucket.fill(now)
        # What was refilled while the call was in flight makes up for what was sent meanwhile, and for no
        # more. Without it, a quota smaller than the number in flight was sent once per round trip.
        sent_since = max(0.0, self.taken - taken - (now - sent_at) * rate)
        self._bucket.level = min(limit, left) - sent_since

    def _measure(self, sent_at: float, left_and_taken: float) -> None:
        """Measure the refill per second, as seen by calls that were sent a while apart."""
        since, before = self._mark or (sent_at, left_and_taken)
        if sent_at - since >= _MEASURE_SECONDS:
            self._came_back = (left_and_taken - before) / (sent_at - since)
            self._mark = sent_at, left_and_taken
        else:
            self._mark = since, before
