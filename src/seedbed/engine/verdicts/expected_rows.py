"""How many rows an item becomes if nothing of it is lost."""

from __future__ import annotations

from seedbed.engine.segments.segments import Segment
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask


def expected_rows(segment: Segment, counted: str) -> int:
    """Return how many rows of the step `counted` an item of a segment is expected to become, at least one.

    Those are the generations of the steps on its way; where ways meet, the way with the most counts.
    Expecting too many rows only starts items later, and too few would buy answers for rows that are cut.
    """
    made: dict[str, int] = {}
    for node in segment.nodes:
        # Parents come before children; those outside of the segment are its source.
        before = max((made.get(parent.step, 1) for parent in node.parents), default=1)
        made[node.name] = before * _generations(node.step)
    return made.get(counted, 1)


def _generations(step: BaseStep) -> int:
    return step.num_generations if isinstance(step, BaseTask) and not step._makes_rows_itself else 1
