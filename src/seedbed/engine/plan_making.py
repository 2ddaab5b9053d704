"""Making a plan: what is given, the pipeline's defaults, copies of the steps with their LLM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seedbed.engine.option_types import check_llm, check_registry, check_whole, column_names, id_columns
from seedbed.engine.plan import Plan
from seedbed.engine.plan_checks import check_plan
from seedbed.engine.segments.segments import counted_leaf, joined_before_barriers
from seedbed.engine.sources.files_as_input import with_files_as_input
from seedbed.engine.sources.input_rows import Input, InputRows, input_rows
from seedbed.engine.sources.source_steps import source_step, with_source
from seedbed.engine.sources.source_types import source_types
from seedbed.engine.stopping.bounds import NO_BOUNDS, Bounds
from seedbed.errors import UsageError
from seedbed.llm.llm import LLM, get_llm
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.pipeline.topology import Topology
from seedbed.plugins.fields.copies import copied
from seedbed.plugins.registry import Registry, default_registry
from seedbed.store.output import Output, outputs_of
from seedbed.store.read_options import Reading
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.step_references import get_step
from seedbed.tasks.steps import GeneratorStep


def make_plan(
    what: str | BaseStep | Pipeline,
    *,
    n: int | None = None,
    llm: str | LLM | None = None,
    input: Input | None = None,
    seed: int | None = None,
    concurrency: int | None = None,
    leaf: str | None = None,
    bounds: Bounds | None = None,
    registry: Registry | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    encoding: str | None = None,
    id: str | Sequence[str] | None = None,
) -> Plan:
    """Return the checked plan of a run, with the pipeline's defaults; raise UsageError and LockError."""
    check_whole(n=n, seed=seed, concurrency=concurrency)
    registry = _checked(registry)
    pipeline = _pipeline(what, registry)
    defaults = pipeline.defaults
    outputs = outputs_of([Output(**one) for one in defaults.outputs])
    n, seed = (defaults.n if n is None else n), (defaults.seed or 0 if seed is None else seed)
    chosen = _Chosen(column_names("columns", columns), column_names("drop", drop) or (), encoding)
    input = defaults.input if input is None else input
    given, rows = _with_input(pipeline, input, chosen, registry)
    topology = _with_llms(joined_before_barriers(given), llm, registry, n)
    plan = Plan(
        # That of what the user runs, not of a step which reads the input.
        pipeline.name or pipeline.topology().nodes[0].name,
        topology,
        _counted_leaf(topology, leaf, outputs),
        rows,
        None if n is None else int(n),
        int(seed),
        concurrency,
        _bounds(bounds, defaults),
        registry,
        outputs,
        id_columns(defaults.id if id is None else id),
        source_types(given, registry),
    )
    check_plan(plan, given, chooses_columns=_is_unused(chosen, input))
    return plan


def _checked(registry: Registry | None) -> Registry:
    """Return a registry whose plugins fit the lock file: before a name is resolved, which imports one."""
    registry = default_registry() if registry is None else check_registry(registry)
    registry.check_lock()
    return registry


def _with_llms(topology: Topology, llm: str | LLM | None, registry: Registry, n: int | None) -> Topology:
    """Return the graph with copies of its steps, for `n` rows; those that lack an LLM get this one."""
    resolved = get_llm(llm, registry=registry) if isinstance(llm, str) else llm
    check_llm(resolved)
    # Copies: a step holds views of its LLM while it runs, and the caller may run it twice at once.
    topology = topology.with_steps({node.name: _with_llm(node.step, resolved) for node in topology.nodes})
    for node in topology.nodes:
        if isinstance(node.step, GeneratorStep):
            node.step.plan_for(None if n is None else int(n))
    return topology


def _counted_leaf(topology: Topology, leaf: str | None, outputs: Sequence[Output]) -> str:
    # With several branches, the first output says which one counts.
    return counted_leaf(topology, leaf or next((output.leaf for output in outputs if output.leaf), None))


def _bounds(given: Bounds | None, defaults: RunDefaults) -> Bounds:
    return (given or NO_BOUNDS).with_defaults(
        max_cost=defaults.max_cost,
        max_tokens=defaults.max_tokens,
        max_seconds=defaults.max_seconds,
        stop_if=defaults.stop_if,
    )


def _pipeline(what: str | BaseStep | Pipeline, registry: Registry) -> Pipeline:
    if isinstance(what, str):
        what = get_step(what, registry=registry)
    pipeline = what if isinstance(what, Pipeline) else Pipeline([what])
    if not pipeline.steps:
        raise UsageError("the pipeline has no steps", "Pipeline([first, second]), or first >> second")
    return pipeline


def _with_llm(step: BaseStep, llm: LLM | None) -> BaseStep:
    copy = copied(step)
    if isinstance(copy, BaseTask):
        if not copy.needs_llm:
            # One that it doesn't ask must not be loaded, described or paid for.
            copy.llm = None  # type: ignore[assignment]
            return copy
        if copy.llm is None and llm is not None:
            copy.llm = llm
        copy.require_llm()
    return copy


class _Chosen(NamedTuple):
    """What the caller says about how to read the input."""

    columns: tuple[str, ...] | None
    drop: tuple[str, ...]
    encoding: str | None


def _is_unused(chosen: _Chosen, given: Input | None) -> bool:
    """Whether nothing is read in this way: a source step of the caller's has fields of its own for it."""
    return any(chosen) and (given is None or isinstance(given, GeneratorStep))


def _with_input(
    pipeline: Pipeline, given: Input | None, chosen: _Chosen, registry: Registry
) -> tuple[Topology, InputRows | None]:
    """Return the graph and its input rows: none, if a step reads them, which comes first then.

    Columns that the caller names take precedence over those in a pipeline file.
    """
    columns = pipeline.columns if chosen.columns is None else chosen.columns
    drop = chosen.drop or pipeline.drop
    rows: InputRows | None = None
    if source := source_step(given, registry, only=columns, without=drop, encoding=chosen.encoding):
        pipeline = with_source(pipeline, source)
    elif given is not None:
        rows = input_rows(given, Reading(chosen.encoding, columns, drop, registry=registry))
    return with_files_as_input(pipeline.topology(), rows, registry)
