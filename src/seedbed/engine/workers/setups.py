"""What a run gives its workers before the first row, and what it can't give to any."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.engine import Job
from seedbed.engine.plan import Plan
from seedbed.engine.workers.messages import Pickled, Setup, Share
from seedbed.errors import UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.keys.pickling import keys_in_pickles
from seedbed.plugins.discovery.source_file import file_modules
from seedbed.tasks.base_step import BaseStep


def setup_of(
    job: Job, steps: bytes, share: Share, *, has_branches: bool, is_gate_closed: bool, left: float | None
) -> Setup:
    """Return what a worker with this share of the limits needs."""
    plan = job.plan
    return Setup(
        plan.name,
        plan.leaf,
        plan.seed,
        # Caps are the run's own to keep.
        replace(plan.bounds, shard=None, stop_if=None),
        share,
        job.fingerprints,
        job.retrying,
        has_branches,
        is_gate_closed,
        (observation := job.outlets.observation) is not None and observation.hears_calls,
        left,
        dict(_environment(plan)),
        str(Path.cwd()),
        [str(Path(folder or ".").resolve()) for folder in sys.path],
        file_modules(),
        steps,
    )


def pickled_steps(plan: Plan, pickled: Pickled) -> bytes:
    """Return the graph of steps as bytes; raise UsageError, which names the step, if one can't be sent.

    They hold the keys of its LLMs: what sends them to workers has to seal them.
    """
    with keys_in_pickles():
        return _pickled_steps(plan, pickled)


def _pickled_steps(plan: Plan, pickled: Pickled) -> bytes:
    try:
        return pickled(plan.topology)
    except Exception as whole:
        for step in plan.steps:
            _check_pickled(step, pickled)
        raise UsageError(f"the pipeline can't be sent to workers: {whole}", *_ADVICE) from whole


_ADVICE = (
    "what steps and LLMs hold before `load` has to be picklable: open files and connections in `load`",
    "or leave out --engine: the built-in engine sends nothing",
)


def _check_pickled(step: BaseStep, pickled: Pickled) -> None:
    try:
        pickled(step)
    except Exception as error:
        raise UsageError(f"step '{step.name}' can't be sent to workers: {error}", *_ADVICE) from error


def backends_of(steps: Sequence[BaseStep]) -> list[BaseBackend]:
    """Return the LLMs and embedders of steps, each once."""
    return list({id(one): one for step in steps for one in backends_in(step)}.values())


def _environment(plan: Plan) -> Iterator[tuple[str, Any]]:
    """Yield the variables of keys and servers that the plan's LLMs read."""
    for backend in plan.backends:
        for leaf in backend._leaves:
            source = leaf.key_source
            for name in (*source.env_vars, source.base_url_env_var):
                if name and name in os.environ:
                    yield name, os.environ[name]
