"""Distributions of counts, Poisson and binomial, as tables of their probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Beyond twelve standard deviations lies less than a double can tell from 0; the constant serves small means.
_DEVIATIONS, _AND = 12, 40


@dataclass(frozen=True, eq=False)
class CountTable:
    """A distribution over the numbers from `first`: `shares[k]` is the probability of `first + k` or less."""

    first: int
    shares: Floats

    def quantile(self, share: Floats) -> Floats:
        """Return the smallest count that at least each share of the distribution doesn't exceed."""
        found = np.searchsorted(self.shares, share, side="left")
        return (np.minimum(found, len(self.shares) - 1) + self.first).astype(np.float64)

    def upto(self, values: Floats) -> Floats:
        """Return the probability of each value or less."""
        places = np.clip(np.floor(values) - self.first, -1, len(self.shares) - 1).astype(np.int64)
        return np.where(places < 0, 0.0, self.shares[np.maximum(places, 0)])


@lru_cache(maxsize=64)
def poisson(mean: float) -> CountTable:
    """Return the table of a Poisson distribution."""
    first, last = _range(mean, math.sqrt(mean), math.inf)
    logs = math.log(mean) - np.log(np.arange(first + 1, last + 1))
    start = first * math.log(mean) - mean - math.lgamma(first + 1)
    return _table(first, start, logs)


@lru_cache(maxsize=64)
def binomial(trials: int, probability: float) -> CountTable:
    """Return the table of a binomial distribution."""
    if probability in (0, 1):
        return CountTable(trials * int(probability), np.ones(1))
    deviation = math.sqrt(trials * probability * (1 - probability))
    first, last = _range(trials * probability, deviation, trials)
    counts = np.arange(first + 1, last + 1)
    logs = np.log((trials - counts + 1) / counts) + math.log(probability / (1 - probability))
    start = (
        math.lgamma(trials + 1)
        - math.lgamma(first + 1)
        - math.lgamma(trials - first + 1)
        + first * math.log(probability)
        + (trials - first) * math.log1p(-probability)
    )
    return _table(first, start, logs)


def _range(mean: float, deviation: float, most: float) -> tuple[int, int]:
    width = _DEVIATIONS * deviation + _AND
    return max(0, math.floor(mean - width)), int(min(most, math.ceil(mean + width)))


def _table(first: int, start: float, logs: Floats) -> CountTable:
    shares = np.cumsum(np.exp(np.concatenate([[start], start + np.cumsum(logs)])))
    return CountTable(first, shares / shares[-1])
