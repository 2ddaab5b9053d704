"""What is missing when there are no more rows: rows that were asked for, and what steps still lack."""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.engine.segments.segments import Segment
from seedbed.engine.verdicts.decider import Decider
from seedbed.tasks.steps import Step


def note_shortfall(run: Run, plan: Plan, segment: Segment, decider: Decider) -> None:
    """Note on the run what its segment, which has ended, is short of."""
    run.tried = run.tried or decider.tried
    wanted, counted = plan.own_n, decider.counted_rows
    # Nobody knows how many rows a step makes of all rows, so those that come to it are counted.
    if run.wanted is None and wanted is not None and not segment.is_barrier and counted < wanted:
        run.gathered = counted - run.failed
    if decider.is_satisfied:
        return
    for node in segment.nodes:
        # Ordered steps are applied in this process, whatever the engine.
        if isinstance(node.step, Step) and node.step.ordered and (missing := node.step.rows_missing):
            run.missing.append(f"'{node.name}' lacks {missing}")
