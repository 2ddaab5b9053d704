"""What a plan needs of an engine, and the refusal of an engine that lacks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from seedbed.engine.engine import ENGINE_CONTRACT, Engine
from seedbed.engine.plan import Plan
from seedbed.engine.segments.rows_wanted import is_bounding
from seedbed.engine.segments.segments import is_barrier
from seedbed.engine.stopping.bounds import MaxFailures
from seedbed.errors import UsageError
from seedbed.store import RunStore
from seedbed.tasks.steps import Step

_MEANING: Mapping[str, str] = MappingProxyType(
    {
        "graph": "anything but a source and steps in a line",
        "input": "rows of a file or of the caller",
        "resume": "going on with a run without buying its answers again",
        "caps": "keeping within what a run may cost and try",
    }
)
"""What an engine may lack, and what that is."""

_CAPS = ("max_attempts", "max_cost", "max_tokens", "max_seconds", "stop_if", "shard")


def check_engine(engine: Engine, plan: Plan) -> None:
    """Raise UsageError if the engine is for another contract, or lacks what the plan needs."""
    if engine.contract != ENGINE_CONTRACT:
        raise UsageError(
            f"the engine '{type(engine).__name__}' was written for the engine contract {engine.contract}, "
            f"and this is {ENGINE_CONTRACT}",
            "install the version of its package that goes with this Seedbed",
            "or leave out --engine (engine= in Python) to use the built-in engine",
        )
    for feature, why in _needs(plan):
        _check(engine, feature, why)


def check_resumes(engine: Engine, store: RunStore) -> None:
    """Raise UsageError if the engine can't go on with the run in this store, and would buy it again."""
    if store.has_calls() or store.has_results():
        _check(
            engine,
            "resume",
            "the run has rows of an earlier session",
            "or start over with --restart (restart=True in Python)",
        )


def _check(engine: Engine, feature: str, why: str, *advice: str) -> None:
    if feature in engine.lacks:
        raise UsageError(
            f"the engine '{type(engine).__name__}' lacks '{feature}' ({_MEANING[feature]}), and {why}",
            "leave out --engine (engine= in Python) to use the built-in engine",
            *advice,
        )


def _needs(plan: Plan) -> Iterator[tuple[str, str]]:
    nodes, bounds = plan.topology.nodes, plan.bounds
    if barriers := [node.name for node in nodes if is_barrier(node)]:
        yield "graph", f"the step '{barriers[0]}' needs all rows"
    if len(plan.topology.leaves) > 1 or any(len(node.parents) > 1 for node in nodes):
        yield "graph", "the pipeline has branches"
    if plan.input is not None:
        source = plan.input.instead_of
        yield "input", f"the run reads the files of '{source.name}'" if source else "the run has an input"
    caps = [name for name in _CAPS if getattr(bounds, name) is not None]
    if caps := [*caps, *(["max_failures"] if bounds.max_failures != MaxFailures() else [])]:
        yield "caps", f"the run has the bound '{caps[0]}'"
    if bounding := [step.name for step in plan.steps if isinstance(step, Step) and is_bounding(step)]:
        yield "caps", f"the step '{bounding[0]}' says when it wants no more rows"
