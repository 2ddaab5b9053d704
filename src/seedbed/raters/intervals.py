"""Intervals that say how sure a figure is, given how few rows people have rated."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import inf, sqrt
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float]

_NORMAL = 1.959963984540054
"""The 97.5th percentile of the normal distribution: intervals are of 95 %."""

_SMALL_T = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)
"""The 97.5th percentiles of Student's t with one to nine degrees of freedom: too few for the expansion."""

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


def t_factor(count: int) -> float:
    """Return how many standard errors a 95 % interval of a mean of `count` values reaches, by Student's t.

        t_factor(20)  # 2.093

    Infinite for fewer than two values, which say nothing about their spread.
    """
    freedom = count - 1
    z = _NORMAL
    if freedom < 1:
        return inf
    if freedom <= len(_SMALL_T):
        return _SMALL_T[freedom - 1]
    # Cornish and Fisher's expansion, 1938: off by less than 0.0002 from ten degrees of freedom on.
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))


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
