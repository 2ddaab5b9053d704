"""The decider of a segment."""

from __future__ import annotations

import math

from seedbed.engine.plan import Plan
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segments import Segment, upstream
from seedbed.engine.verdicts.decider import Decider, attempts_of
from seedbed.engine.verdicts.expected_rows import expected_rows


def segment_decider(segment: Segment, plan: Plan, rows_wanted: RowsWanted) -> Decider:
    """Return what decides the items of a segment: rows of the dataset's leaf count, or of the first kept."""
    counted = segment.counted(plan.leaf)
    wanted = None if segment.is_barrier else plan.own_n
    # Without a number of rows, a step that bounds them says how many items may be tried.
    needed = rows_wanted.needed_at_one_each
    tried_for = int(needed) if wanted is None and needed < math.inf else wanted
    return Decider(
        counted,
        upstream(plan.topology, counted),
        wanted=wanted,
        attempts=attempts_of(segment.generator, tried_for, plan.bounds.max_attempts),
        generator=segment.generator,
        rows_each=expected_rows(segment, counted),
        rows_wanted=rows_wanted or None,
    )
