"""The variables of a generator task that doesn't declare them, found by sampling its first rows.

A step downstream that reads a column that no row has would fail on every row, after the generator's calls
have been paid for.
"""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.pipeline.column_checks import check_columns
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import GeneratorStep

# Columns that only some rows have show within a few rows; sampling them costs no call.
_ROWS = 16


def check_sampled_columns(plan: Plan) -> None:
    """Raise UsageError for a column that a step reads and no row will have; the steps have been loaded.

    Calls `sample` for the first indices, as the run does, and makes no call to a model.
    """
    # Only steps downstream read them, and the generator's own `unique`.
    if len(plan.topology.nodes) < 2 and not any(
        isinstance(one, GeneratorStep) and one.unique for one in plan.steps
    ):
        return
    sampled = {step.name: names for step in plan.steps if (names := _sampled(step, plan.seed)) is not None}
    if sampled:
        types = plan.input.column_types() if plan.input is not None else None
        check_columns(plan.topology, types, sampled, plan.source_types)


def _sampled(step: BaseStep, seed: int) -> tuple[str, ...] | None:
    """Return the public variables of the first rows together; None if nothing is certain."""
    if not isinstance(step, GeneratorTask) or not step.is_indexed or step.sampled is not None:
        return None
    if type(step).sample is GeneratorTask.sample:
        return None
    names: dict[str, None] = {}
    # With feedback, later indices sample from accepted rows, and there are none yet.
    for index in range(min(_ROWS, 2 * step.feedback or _ROWS)):
        try:
            variables = step.variables(index, seed)
        except Exception:  # noqa: BLE001 - in the run, that row fails alone
            return None
        if variables is None:
            break
        names |= dict.fromkeys(name for name in variables if not name.startswith("_"))
    return tuple(names) or None
