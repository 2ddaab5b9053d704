"""How much the place of an answer decides a judge's comparisons, over rows that `judge` compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from seedbed import Row


class PositionBias(NamedTuple):
    """How a judge decides by place, over comparisons that were asked for in both orders.

    `first_shown` is the share of answers of the judge that name the answer shown first, among those that name
    one: 0.5 without bias. `flipped` is the share of comparisons whose verdict changes with the order, and
    `first_twice` and `second_twice` the shares in which the same place won both times, whatever stood there.
    None where nothing was compared, or nothing decided.
    """

    comparisons: int
    first_shown: float | None
    flipped: float | None
    first_twice: float | None
    second_twice: float | None


def position_bias(verdicts: Iterable[Row]) -> PositionBias:
    """Return the position bias over the verdicts that `judge` makes in pairwise mode.

    position_bias(verdict for row in rows for verdict in row["verdicts"])
    """
    pairs = [(one["in_order"], one["swapped"]) for one in verdicts if one.get("in_order")]
    first = sum((a == "first") + (b == "second") for a, b in pairs)
    decided = sum((a != "tie") + (b != "tie") for a, b in pairs)
    return PositionBias(
        len(pairs),
        _share(first, decided),
        _share(sum(a != b for a, b in pairs), len(pairs)),
        _share(pairs.count(("first", "second")), len(pairs)),
        _share(pairs.count(("second", "first")), len(pairs)),
    )


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def has_orders(verdict: Any) -> bool:
    """Whether a verdict is of a comparison in both orders."""
    return isinstance(verdict, dict) and "swapped" in verdict
