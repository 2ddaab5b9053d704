"""How many more rows the steps of a segment want; once that's none, its source ends."""

from __future__ import annotations

import math
from collections.abc import Callable

from seedbed.engine.segments.segments import Segment
from seedbed.engine.verdicts.expected_rows import expected_rows
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.steps import Step


class RowsWanted:
    """What the ordered steps of a segment that bound their rows (`Step.rows_wanted`) say of it.

    The source ends as soon as no further row could be kept, since every way there leads through a step that
    wants no more. The object is true if the segment has such a step. Steps note their rows in their own
    threads.
    """

    # After which item that is depends on the rows alone, as such steps get them in order. It's noted as soon
    # as a step has taken the item, before the item settles, so the decider knows it in time.

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._bounds = {
            node.name: _Bound(node.step, expected_rows(segment, node.name))
            for node in segment.nodes
            if isinstance(node.step, Step) and is_bounding(node.step)
        }

    def __bool__(self) -> bool:
        return bool(self._bounds)

    def noting(self, step: BaseStep) -> Callable[[int], None] | None:
        """What to call with the position of an item when it has taken a row; None if it has no bound."""
        bound = self._bounds.get(step.name)
        return None if bound is None else bound.note

    def is_ended(self, items: int) -> bool:
        """Whether no item is wanted after the first `items`."""
        return self.items < math.inf and items >= self.items

    @property
    def items(self) -> float:
        """How many items are wanted, infinity if that isn't known yet."""
        if all(bound.full_at == math.inf for bound in self._bounds.values()):
            return math.inf
        return self._over(lambda bound: bound.full_at) + 1

    @property
    def needed_at_one_each(self) -> float:
        """How many items are needed if each makes one row, infinity if there's no bound."""
        return self.needed(lambda step: 1.0)

    def needed(self, rows_each: Callable[[str], float]) -> float:
        """Return how many items are needed if each brings a step so many rows; infinity without a bound."""
        return self._over(lambda bound: bound.needed(rows_each(bound.name)))

    def has_room(self, decided: int, started: int) -> bool:
        """Whether another item is wanted for certain, after those that are started."""
        return self._over(lambda bound: bound.room(decided, started)) > 0

    def _over(self, value_of: Callable[[_Bound], float]) -> float:
        """Return the value of the segment: the least on a way, and of several ways the one with the most.

        Of branches that are joined it's the least, since a row needs all of them.
        """
        found: dict[str, float] = {}
        for node in self._segment.nodes:
            before = [found.get(parent.step, math.inf) for parent in node.parents] or [math.inf]
            is_joined = node.merge is not None and node.merge.kind == "join"
            own = value_of(self._bounds[node.name]) if node.name in self._bounds else math.inf
            found[node.name] = min(own, min(before) if is_joined else max(before))
        return max(found.get(name, math.inf) for name in self._segment.kept)


class _Bound:
    """What one step has said so far; `full_at` is the position of the item after which it wants no more rows.

    `first` is what it wanted at the beginning, and an item is expected to bring it `rows_each` rows.
    """

    def __init__(self, step: Step, rows_each: int) -> None:
        self.name = step.name
        self._step = step
        self._rows_each = rows_each
        self.first = step.rows_wanted
        self.full_at = -1 if self.first == 0 else math.inf
        # Both at once, as another thread reads them: the items that have passed the step, and what it wants.
        self._now = (0, self.first)

    def needed(self, rows_each: float) -> float:
        """Return how many items bring the rows wanted at the beginning."""
        if self.first is None or (self.first and not rows_each):
            return math.inf
        return math.ceil(self.first / rows_each) if self.first else 0

    def note(self, position: int) -> None:
        """Note what the step wants after a row of the item at a position."""
        wanted = self._step.rows_wanted
        self._now = (position + 1, wanted)
        if wanted == 0 and self.full_at == math.inf:
            self.full_at = position

    def room(self, decided: int, started: int) -> float:
        """Return how many more rows the step wants than items that are started may bring it."""
        passed, wanted = self._now
        if wanted is None:
            return math.inf
        return wanted - (started - max(passed, decided)) * self._rows_each


def is_bounding(step: Step) -> bool:
    """Whether a step may come to want no more rows."""
    return step.ordered and type(step).rows_wanted is not Step.rows_wanted
