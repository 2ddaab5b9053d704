"""The steps that refuse rows before anything has been spent on them."""

from __future__ import annotations

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.engine.segments.segments import Segment
from seedbed.tasks.steps import Step


def steps_at_no_cost(segment: Segment, plan: Plan) -> frozenset[str]:
    """Return the steps of a segment over a kept input that take next to no time, as do all before them."""
    # An iterator may have no end, and never a row that passes.
    if segment.source is not None or plan.input is None or not plan.input.is_kept:
        return frozenset()
    found: set[str] = set()
    for node in segment.nodes:
        step = node.step
        is_cheap = isinstance(step, Step) and step.repeatable and not backends_in(step)
        if is_cheap and all(parent.step in found for parent in node.parents):
            found.add(node.name)
    return frozenset(found)
