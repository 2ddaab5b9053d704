"""What a probe says about the whole run: acceptance, rows to try, cost and time, each with an interval.

Intervals are of 95 %. That of a share is Wilson's. That of the cost follows from the cost of each item of
the probe, by Student's t: of the ratio of cost to rows (Cochran, Sampling Techniques, 1977, chapter 6), and
of the rows that are still to come, which vary as well. A probe in which nothing was rejected doesn't show
that nothing will be: its upper end leaves room for that, as Agresti and Coull do (1998), by counting two more
items of either kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, sqrt
from typing import NamedTuple

from seedbed.llm.calling.call_counts import CallCounts
from seedbed.raters.intervals import share_interval, t_factor

_ADDED, _ADDED_ALL = 2, 4


class Estimate(NamedTuple):
    """A number, and the 95 % interval that it's in; the ends are None if nothing says how sure it is."""

    value: float
    low: float | None = None
    high: float | None = None

    def plus(self, known: float) -> Estimate:
        """Return the estimate with a number added that is known."""
        ends = (None if end is None else end + known for end in (self.low, self.high))
        return Estimate(self.value + known, *ends)


class ProbedItem(NamedTuple):
    """What one item of a probe cost, how many rows of it were accepted, and how many failed.

    A row that failed keeps its place among the rows asked for, so both fill places.
    """

    cost: float
    accepted: int
    failed: int = 0

    @property
    def filled(self) -> int:
        """How many of the rows asked for it took."""
        return self.accepted + self.failed


def acceptance(items: Sequence[ProbedItem]) -> Estimate:
    """Return the share of items with accepted rows, by Wilson's interval."""
    return _share(sum(1 for item in items if item.accepted), items)


def _share(count: int, items: Sequence[ProbedItem]) -> Estimate:
    low, high = share_interval(count, len(items)) or (0.0, 1.0)
    return Estimate(count / len(items) if items else 0.0, low, high)


def items_needed(items: Sequence[ProbedItem], rows: int) -> Estimate | None:
    """Return how many items have to be tried for a number of rows, those of the probe included."""
    filled = sum(item.filled for item in items)
    if not filled:
        return None
    needed = rows * len(items) / filled
    if any(item.filled > 1 for item in items):
        # Several rows from an item: the interval is that of the mean number of rows.
        mean = filled / len(items)
        error = _deviation([item.filled for item in items]) / sqrt(len(items)) * t_factor(len(items))
        if isnan(error):
            # One item says nothing about the spread.
            return Estimate(needed)
        return Estimate(needed, rows / (mean + error), rows / (mean - error) if mean > error else None)
    share = _share(filled, items)
    return Estimate(
        needed, rows / share.high if share.high else None, rows / share.low if share.low else None
    )


def cost_of_rows(items: Sequence[ProbedItem], rows: float) -> Estimate | None:
    """Return what `rows` further rows cost; None if the items filled none."""
    count, filled = len(items), sum(item.filled for item in items)
    if not filled:
        return None
    if rows <= 0:
        return Estimate(0.0, 0.0, 0.0)
    ratio = sum(item.cost for item in items) / filled
    per_item = filled / count
    spread = _deviation([item.cost - ratio * item.filled for item in items]) ** 2
    hidden = ratio**2 * _hidden_variance(items)
    error, most = (t_factor(count) * _error(one, rows, per_item, count) for one in (spread, spread + hidden))
    return Estimate(rows * ratio, max(0.0, rows * ratio - error), _finite(rows * ratio + most))


def cost_of_items(items: Sequence[ProbedItem], further: float) -> Estimate | None:
    """Return what `further` items cost, whatever becomes of them."""
    if not items:
        return None
    return cost_of_rows([item._replace(accepted=1, failed=0) for item in items], further)


def seconds_for(
    calls: Estimate, counts: CallCounts, in_flight: int, at_least: float | None
) -> Estimate | None:
    """Return how long calls take with so many in flight, at the latency that the probe's calls had."""
    if not counts.answered:
        return None
    mean = counts.seconds / counts.answered
    square = max(0.0, counts.square_seconds / counts.answered - mean**2)
    error = t_factor(counts.answered) * sqrt(square / counts.answered)
    least = at_least or 0.0
    seconds = calls.value * mean / in_flight
    low = (calls.value if calls.low is None else calls.low) * max(0.0, mean - error) / in_flight
    high = None if calls.high is None else _finite(calls.high * (mean + error) / in_flight)
    return Estimate(max(least, seconds), max(least, low), None if high is None else max(least, high))


def _error(variance: float, rows: float, per_item: float, count: int) -> float:
    """Return the standard error of what further rows cost: of the ratio, and of these rows themselves."""
    of_ratio = variance / (count * per_item**2)
    return sqrt(rows**2 * of_ratio + rows / per_item * variance)


def _hidden_variance(items: Sequence[ProbedItem]) -> float:
    """Return the variance of rejections that the probe has too few items to show."""
    if any(item.filled > 1 for item in items):
        return 0.0
    count, filled = len(items), sum(item.filled for item in items)
    share = (filled + _ADDED) / (count + _ADDED_ALL)
    return max(0.0, share * (1 - share) - (filled / count) * (1 - filled / count))


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _finite(value: float) -> float | None:
    # A single item says nothing about the spread: its t is infinite, and times no spread not a number.
    return None if value == inf or value != value else value
