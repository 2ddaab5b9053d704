"""How the first items of a segment went in a rehearsal, and what that says of all of them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from seedbed.engine.forecast.earlier_run import EarlierRun
from seedbed.engine.plan import Plan
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segments import Segment
from seedbed.engine.segments.step_counts import StepTally

FEWEST = 5
"""Rows on disk from which on their calls and ways are taken for those of all rows."""


@dataclass
class SegmentWalk:
    """How the first items of a segment went: `walked` of `items` (None: nobody knows how many there are).

    `kept` has step and row of the results that the run has, `places` what people call input rows.
    For the first `known` items no answer was missing: `known_rows` has the rows that each step took of these.
    """

    segment: Segment
    walked: int
    items: int | None
    tally: StepTally
    kept: list[tuple[str, str]] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    source_failed: bool = False
    known: int = 0
    known_rows: Counter[str] = field(default_factory=Counter)

    def end(self, rows_wanted: RowsWanted, earlier: EarlierRun) -> None:
        """Note how many items the steps need, now that some have been walked."""
        self.walked = len(self.outcomes)
        needed: float = self.walked
        if not rows_wanted.is_ended(self.walked):
            needed = rows_wanted.needed(lambda step: self.taken_each(step, earlier))
        if needed < math.inf:
            self.items = int(needed) if self.items is None else min(self.items, int(needed))

    def taken_each(self, step: str, earlier: EarlierRun) -> float:
        """Return the rows that a step takes of each item: of those that are known, if there are enough."""
        # A made-up row goes every way and is never dropped, so known ones say more.
        if (self.known >= FEWEST and earlier.name is not None) or self.known == self.walked:
            return self.known_rows[step] / max(1, self.known)
        return self.tally[step].taken / max(1, self.walked)

    def makes_itself(self, step: str) -> bool:
        """Whether a step is the source of the items, and takes no rows."""
        return self.segment.source is not None and step not in [node.name for node in self.segment.nodes]

    def taken(self) -> Counter[str]:
        """Return how many rows each step has taken so far."""
        return Counter({name: counts.taken for name, counts in self.tally.items()})

    def made(self, name: str) -> list[InFlight]:
        """Return the rows that a step made of the items that were walked."""
        return [row for outcome in self.outcomes for row in outcome.rows(name)]


def items_of(walk: SegmentWalk, plan: Plan, earlier: EarlierRun) -> float | None:
    """Return how many items of a segment a run goes through; None if nobody knows."""
    wanted = plan.own_n
    if walk.segment.is_barrier or wanted is None:
        return walk.items
    leaf = walk.segment.counted(plan.leaf)
    per_item = rows_per_item(walk, leaf, earlier)
    needed = math.ceil(wanted / per_item) if per_item else wanted
    return needed if walk.items is None else min(needed, walk.items)


def rows_per_item(walk: SegmentWalk, leaf: str, earlier: EarlierRun) -> float:
    """Return the accepted rows of an item: those of the earlier run, or else those rehearsed."""
    items, accepted = earlier.items_of(walk.segment), earlier.accepted_ever(leaf)
    if items and accepted:
        return accepted / items
    return len(walk.made(leaf)) / walk.walked if walk.walked else 0.0


def scaled(walk: SegmentWalk, count: float, plan: Plan, earlier: EarlierRun) -> float | None:
    """Return a count of the walked items in proportion to all items of the run."""
    items = items_of(walk, plan, earlier)
    if items is None:
        return None
    return count * items / walk.walked if walk.walked else 0.0
