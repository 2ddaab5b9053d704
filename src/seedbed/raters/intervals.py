"""Intervals that say how sure a figure is, given how few rows people have rated."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import sqrt
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float]

_NORMAL = 1.959963984540054
"""The 97.5th percentile of the normal distribution: intervals are of 95 %."""

# The ends of an interval of kappa move by less than 0.01 from seed to seed, and take 10 ms.
_DRAWS = 2000
_JEFFREYS = 0.5


def share_interval(count: int, total: int) -> Interval | None:
    """Return the 95 % interval of a share by Wilson, 1927; None if there's nothing to take a share of.

    share_interval(8, 10)  # (0.49, 0.94)
    """
    if not total:
        return None
    share, square = count / total, _NORMAL**2 / total
    middle = share + square / 2
    half = _NORMAL * sqrt(share * (1 - share) / total + square / (4 * total))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (0.0 if count == 0 else low, 1.0 if count == total else high)


def table_interval(
    cells: Sequence[int], figure: Callable[[Sequence[float]], float | None]
) -> Interval | None:
    """Return the 95 % interval of a figure of a table of counts, such as kappa of two raters.

    It's the posterior interval with Jeffreys' prior, half a unit in each cell, from 2000 draws with a fixed
    seed. Unlike a bootstrap it isn't a single point if few rows all agree. None if the figure is undefined.
    """
    rng = random.Random(0)
    drawn = []
    for _ in range(_DRAWS):
        made = figure([rng.gammavariate(cell + _JEFFREYS, 1.0) for cell in cells])
        if made is not None:
            drawn.append(made)
    exact = figure(cells)
    if exact is None or not drawn:
        return None
    drawn.sort()
    low, high = drawn[int(0.025 * len(drawn))], drawn[int(0.975 * len(drawn))]
    # If all agree, the figure is at the end of its scale, where draws never come.
    return min(low, exact), max(high, exact)
