"""Notes on what is odd about a run but no failure: defaults that don't fit, a blocked loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.llm.calling.blocked_loop import LoopWatch
from seedbed.llm.calling.loop import loop_thread
from seedbed.plugins.authoring.defaults import odd_defaults
from seedbed.plugins.owner import owner_of, place_of


def default_notes(plan: Plan) -> Iterator[str]:
    """Yield a note on each default in use that a user couldn't have set, since it's invalid."""
    named: list[tuple[str, BaseModel]] = [(f"step '{step.name}'", step) for step in plan.steps]
    named += [(f"the {one._noun} '{one.reference}'", one) for one in plan.backends]
    for name, one in named:
        for said in odd_defaults(one):
            place = "".join(f", {line}" for line in place_of(type(one)))
            yield f"{name}: {said}\n  it stands in {owner_of(type(one))}{place}"


@contextmanager
def loop_watched(run: Run) -> Iterator[None]:
    """Let a run know, live, which code blocks the loop that all calls share."""
    watch = LoopWatch(loop_thread())
    run.blocked = watch.blocked
    watch.start()
    try:
        yield
    finally:
        watch.end()
