"""What to run, checked as a whole before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import SecretStr

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.option_types import check_llm, check_whole
from seedbed.engine.segments.segments import counted_leaf, is_barrier, joined_before_barriers, upstream
from seedbed.engine.sources.input_rows import Input, InputRows, input_rows
from seedbed.engine.sources.source_steps import source_step, with_source
from seedbed.engine.stopping.bounds import NO_BOUNDS, Bounds, check_size
from seedbed.errors import UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.keys.key_guard import refuse_keys
from seedbed.llm.llm import LLM, get_llm
from seedbed.pipeline.columns import check_columns
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.topology import Topology
from seedbed.plugins.copies import copied
from seedbed.plugins.registry import Registry, default_registry
from seedbed.store.output import Output, outputs_of
from seedbed.store.read_options import Reading
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.model_name import MODEL_NAME
from seedbed.tasks.step_references import get_step
from seedbed.tasks.steps import BaseStep, GeneratorStep, GlobalStep, Step
from seedbed.tasks.task import BaseTask


@dataclass(frozen=True)
class Plan:
    """The steps of a run, which are copies of the caller's, each task with its LLM, and the run's bounds.

        plan = make_plan("qa-pairs", n=100, llm="openai/gpt-4.1-mini")

    `leaf` is the step whose rows are the dataset, `registry` the one that resolved the names.
    """

    name: str
    topology: Topology
    leaf: str
    input: InputRows | None
    n: int | None
    seed: int
    concurrency: int | None
    bounds: Bounds = NO_BOUNDS
    registry: Registry = field(default_factory=default_registry)
    outputs: tuple[Output, ...] = ()
    """What the pipeline itself says about its dataset, for callers that say nothing."""

    @property
    def steps(self) -> tuple[BaseStep, ...]:
        """All steps, each after those whose rows it receives."""
        return tuple(node.step for node in self.topology.nodes)

    @property
    def backends(self) -> list[BaseBackend]:
        """The LLMs and embedders of all steps, each once."""
        return list({id(one): one for step in self.steps for one in backends_in(step)}.values())

    @property
    def llms(self) -> list[LLM]:
        """The LLMs of all steps, each once."""
        return [backend for backend in self.backends if isinstance(backend, LLM)]

    def secrets(self) -> list[str]:
        """Return what must never be shown: secrets of LLMs and embedders, and in fields of steps."""
        of_backends = [secret for backend in self.backends for secret in backend.secrets()]
        values = [value for step in self.steps for value in vars(step).values()]
        return [*of_backends, *(value.get_secret_value() for value in values if isinstance(value, SecretStr))]

    @property
    def writers(self) -> list[BaseStep]:
        """The steps with an LLM that the rows of the dataset go through."""
        before = upstream(self.topology, self.leaf)
        return [step for step in self.steps if step.name in before and any(map(_is_llm, backends_in(step)))]

    def given_columns(self) -> frozenset[str]:
        """Return the columns of the dataset's rows that are known not to come from a model."""
        writers = self.writers
        others = [step for step in self.steps if step not in writers]
        given = {column for step in others for column in step.columns}
        given |= set((self.input.columns() if self.input is not None else None) or ())
        return frozenset(given - {column for step in writers for column in step.outputs}) | {MODEL_NAME}

    @property
    def wanted(self) -> int | None:
        """How many rows the dataset will have; None if unknown, for example downstream of a GlobalStep."""
        before = (self.topology.node(name) for name in upstream(self.topology, self.leaf) if name)
        return None if any(map(is_barrier, before)) else self.own_n

    @property
    def own_n(self) -> int | None:
        """How many rows this process makes: `n`, or the share of its shard."""
        shard = self.bounds.shard
        return self.n if shard is None else shard.share(self.n)


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
) -> Plan:
    """Return the checked plan of a run; raise UsageError for what can't be run, and LockError.

    What isn't given comes from the pipeline's defaults.
    """
    check_whole(n=n, seed=seed, concurrency=concurrency)
    registry = registry or default_registry()
    # Before any name is resolved, which imports plugins.
    registry.check_lock()
    pipeline = _pipeline(what, registry)
    defaults = pipeline.defaults
    outputs = outputs_of([Output(**one) for one in defaults.outputs])
    n, seed = (defaults.n if n is None else n), (defaults.seed or 0 if seed is None else seed)
    chosen = _Chosen(None if columns is None else tuple(columns), tuple(drop), encoding)
    given_input = defaults.input if input is None else input
    pipeline, rows = _with_input(pipeline, given_input, chosen, registry)
    resolved = get_llm(llm, registry=registry) if isinstance(llm, str) else llm
    check_llm(resolved)
    given = pipeline.topology()
    topology = joined_before_barriers(given)
    # Copies: a step holds views of its LLM while it runs, and the caller may run it twice at once.
    topology = topology.with_steps({node.name: _with_llm(node.step, resolved) for node in topology.nodes})
    for node in topology.nodes:
        if isinstance(node.step, GeneratorStep):
            node.step.plan_for(None if n is None else int(n))
    plan = Plan(
        pipeline.name or topology.nodes[0].name,
        topology,
        # With several branches, the first output says which one counts.
        counted_leaf(topology, leaf or next((output.leaf for output in outputs if output.leaf), None)),
        rows,
        None if n is None else int(n),
        int(seed),
        concurrency,
        (bounds or NO_BOUNDS).with_defaults(
            max_cost=defaults.max_cost,
            max_tokens=defaults.max_tokens,
            max_seconds=defaults.max_seconds,
            stop_if=defaults.stop_if,
        ),
        registry,
        outputs,
    )
    # A source step that the caller made has fields of its own for this.
    is_unused = any(chosen) and (given_input is None or isinstance(given_input, GeneratorStep))
    _check_source(plan, is_unused)
    _check_numbers(plan)
    _check_shard(plan)
    # The graph as its author wrote it: a message must not name a joining step that was added above.
    check_columns(given, plan.input.columns() if plan.input is not None else None)
    for one in plan.backends:
        for asked in one._leaves:
            refuse_keys(asked)
    return plan


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


def _sources(plan: Plan) -> list[BaseStep]:
    return [node.step for node in plan.topology.nodes if not node.parents]


def _check_source(plan: Plan, chooses_columns: bool) -> None:
    over_rows = [step for step in _sources(plan) if not isinstance(step, GeneratorStep)]
    if over_rows and plan.input is None:
        raise UsageError(
            f"'{over_rows[0].name}' takes rows as input, and there are none",
            "give it some: --input rows.jsonl on the command, input=... in Python",
        )
    if not over_rows and plan.input is None and chooses_columns:
        raise UsageError(
            f"'{_sources(plan)[0].name}' makes its rows without input, and there are no columns to choose",
            "leave out --columns, --drop and --encoding (columns=, drop= and encoding= in Python)",
        )
    if not over_rows and plan.input is not None:
        raise UsageError(f"'{_sources(plan)[0].name}' makes its rows without input", "leave out the input")


def _check_shard(plan: Plan) -> None:
    """Raise UsageError for a step that needs rows of other shards, or would make the same in each."""
    for step in plan.steps if plan.bounds.shard is not None else ():
        if isinstance(step, GlobalStep):
            why = "needs all rows, and a shard has only a part of them"
        elif getattr(step, "feedback", 0):
            why = "samples from the rows accepted so far, and a shard has only a part of them"
        elif isinstance(step, Step) and step.ordered:
            why = "takes the rows in their order, and a shard has only a part of them"
        elif isinstance(step, GeneratorStep) and not getattr(step, "is_indexed", False) and backends_in(step):
            why = "makes its rows one after the other with a model: each shard would buy all of them"
        else:
            continue
        raise UsageError(
            f"step '{step.name}' {why}",
            "make the rows before it in shards, as a pipeline of their own, and unite them: "
            "seedbed runs merge OUT RUN...",
            "then run the whole pipeline over the united rows, without --shard",
        )
    if plan.own_n == 0:
        raise UsageError(
            f"the shard {plan.bounds.shard} has none of the {plan.n} rows", "make fewer shards, or more rows"
        )


def _check_numbers(plan: Plan) -> None:
    if plan.n is not None and plan.n < 1:
        raise UsageError(f"cannot make {plan.n} rows", "-n is 1 or more")
    if plan.concurrency is not None and plan.concurrency < 1:
        raise UsageError(f"cannot keep {plan.concurrency} calls in flight", "--concurrency is 1 or more")
    check_size("the seed", plan.seed, -(2**63), 2**64 - 1)
    check_size("the number of rows", plan.n)
    check_size("the number of calls in flight", plan.concurrency)
    plan.bounds.check()
    if plan.bounds.stop_if is not None and not plan.writers:
        raise UsageError(
            f"the stop condition {plan.bounds.stop_if!r} is about texts of models, and none is asked",
            "leave out --stop-if",
        )
    for step in _sources(plan):
        if plan.n is None and isinstance(step, GeneratorTask) and step.is_indexed and not step.finite:
            raise UsageError(
                f"'{step.name}' can make any number of rows",
                "say how many: -n 100 on the command, n=100 in Python",
            )


def _is_llm(backend: BaseBackend) -> bool:
    return isinstance(backend, LLM)


class _Chosen(NamedTuple):
    """What the caller says about how to read the input."""

    columns: tuple[str, ...] | None
    drop: tuple[str, ...]
    encoding: str | None


def _with_input(
    pipeline: Pipeline, given: Input | None, chosen: _Chosen, registry: Registry
) -> tuple[Pipeline, InputRows | None]:
    """Return the pipeline and its input rows: none, if a step reads them, which comes first then.

    Columns that the caller names take precedence over those in a pipeline file.
    """
    columns = pipeline.columns if chosen.columns is None else chosen.columns
    drop = chosen.drop or pipeline.drop
    if source := source_step(given, registry, only=columns, without=drop, encoding=chosen.encoding):
        return with_source(pipeline, source), None
    if given is None:
        return pipeline, None
    return pipeline, input_rows(given, Reading(chosen.encoding, columns, drop, registry=registry))
