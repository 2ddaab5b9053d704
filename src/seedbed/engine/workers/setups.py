"""What a run gives its workers before the first row, and what it can't give to any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.engine import Job
from seedbed.engine.plan import Plan
from seedbed.engine.workers.installed import needs_of
from seedbed.engine.workers.message_bytes import Pickled, encoded
from seedbed.engine.workers.replica_messages import ReplicaSetup
from seedbed.engine.workers.replicated import Replicated
from seedbed.engine.workers.run_messages import Setup, Share
from seedbed.engine.workers.surroundings import Surroundings
from seedbed.errors import UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.keys.pickling import keys_in_pickles
from seedbed.llm.model_loading import Loading
from seedbed.plugins.fields.copies import copied
from seedbed.tasks.base_step import BaseStep


def setup_of(
    job: Job,
    steps: bytes,
    share: Share,
    *,
    has_branches: bool,
    is_gate_closed: bool,
    left: float | None,
    replicated: Mapping[str, str],
    number: int,
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
        Surroundings.of(plan),
        steps,
        replicated,
        number,
    )


def replica_setup(plan: Plan, replicated: Replicated, pickled: Pickled) -> bytes:
    """Return what a process needs that loads an LLM or a step for workers; what sends it has to seal it."""
    with keys_in_pickles():
        part = pickled(replicated.part)
    return encoded(ReplicaSetup(replicated.name, needs_of(plan), Surroundings.of(plan), part))


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
    "or leave out --engine (engine= in Python): the built-in engine sends nothing",
)


def _check_pickled(step: BaseStep, pickled: Pickled) -> None:
    try:
        pickled(step)
    except Exception as error:
        raise UsageError(f"step '{step.name}' can't be sent to workers: {error}", *_ADVICE) from error


def never_loaded(backend: BaseBackend) -> BaseBackend:
    """Return a copy of an LLM or embedder that is taken for loaded, as nobody asks it."""
    copy = copied(backend)
    copy._loading = Loading()
    copy._loading.done = True
    return copy


def backends_of(steps: Sequence[BaseStep]) -> list[BaseBackend]:
    """Return the LLMs and embedders of steps, each once."""
    return list({id(one): one for step in steps for one in backends_in(step)}.values())
