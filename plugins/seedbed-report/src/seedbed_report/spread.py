"""Counting numbers in bounded memory, and the figures of their distribution."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from seedbed_report.figures import Bin, Spread

_EXACT = 10_000
"""Whole numbers below it are counted as they are: scores, and lengths of most texts."""
_BINS = 20
"""Bins of a histogram."""


class Numbers:
    """Counts numbers; mean, deviation and extremes are exact, quantiles as far as the memory is bounded.

    Whole numbers below 10,000 are counted as they are, all others with four digits: at most 18,000 different
    ones for each power of ten.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        self._squares = 0.0
        self._least = math.inf
        self._most = -math.inf
        self._counts: Counter[float] = Counter()

    def add(self, number: float) -> None:
        """Count a number."""
        self.count += 1
        # Welford's way: sums of squares of large numbers would lose their digits.
        off = number - self._mean
        self._mean += off / self.count
        self._squares += off * (number - self._mean)
        self._least = min(self._least, number)
        self._most = max(self._most, number)
        is_small = number == int(number) and abs(number) < _EXACT
        self._counts[number if is_small else float(f"{number:.4g}")] += 1

    def spread(self) -> Spread | None:
        """Return the figures; None if there were no numbers."""
        if not self.count:
            return None
        p5, median, p95 = (self._quantile(share) for share in (0.05, 0.5, 0.95))
        return Spread(
            mean=self._mean,
            std=math.sqrt(self._squares / self.count),
            min=self._least,
            p5=p5,
            median=median,
            p95=p95,
            max=self._most,
            bins=list(self._bins()),
        )

    def _quantile(self, share: float) -> float:
        """Return the smallest number that at least this share doesn't exceed (numpy's `inverted_cdf`)."""
        wanted = math.ceil(share * self.count)
        seen = 0
        for number in sorted(self._counts):
            seen += self._counts[number]
            if seen >= wanted:
                return min(max(number, self._least), self._most)
        return self._most

    def _bins(self) -> Iterator[Bin]:
        low, high = self._least, self._most
        if (high - low) / _BINS == 0:
            yield Bin(low=low, high=high, rows=self.count)
            return
        # Whole numbers get bins of whole width: others would hold two of them here and three there.
        is_whole = all(number == int(number) for number in self._counts)
        width = (high - low) / _BINS
        if is_whole:
            width = max(1, math.ceil((high - low + 1) / _BINS))
        number_of_bins = math.ceil((high - low + 1) / width) if is_whole else _BINS
        rows = [0] * number_of_bins
        for number, count in self._counts.items():
            rows[min(max(int((number - low) / width), 0), number_of_bins - 1)] += count
        for place, count in enumerate(rows):
            yield Bin(low=low + place * width, high=low + (place + 1) * width, rows=count)
