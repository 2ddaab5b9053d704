"""What a worker needs of its machine: what the steps that it loads declare, and their LLMs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.engine.workers.replicated import key_of
from seedbed.llm.resources import Resources
from seedbed.tasks.base_step import BaseStep


def resources_of(steps: Iterable[BaseStep], elsewhere: Collection[str] = ()) -> Resources:
    """Return what a process needs that loads all of these steps; a model that several use counts once.

    LLMs and steps with these keys are `elsewhere`: a process asks them, and loads none.
    """
    steps = list(steps)
    # A pipeline file makes an LLM of its own for each step, of one entry.
    backends = {backend.identity: backend for step in steps for backend in backends_in(step)}
    declared = [step._resources_declared for step in steps if key_of(step) not in elsewhere]
    declared += [one._resources_declared for one in backends.values() if key_of(one) not in elsewhere]
    return Resources.together(one for one in declared if one is not None)


def unplaced(plan: Plan) -> Iterator[str]:
    """Yield a note if steps or LLMs declare what an engine takes no notice of."""
    for step in plan.steps:
        declared = [step._resources_declared, *(one._resources_declared for one in backends_in(step))]
        if any(declared):
            yield (
                f"step '{step.name}' has `resources`, and this engine takes no notice of them\n"
                "  --engine ray (engine='ray' in Python) starts workers that have what their steps need"
            )
            return
