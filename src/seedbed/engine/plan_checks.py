"""Whether a plan can be run: its input, its numbers, its part of the rows, its columns, its keys."""

from __future__ import annotations

import math
from collections.abc import Iterator

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segments import segments_of
from seedbed.engine.sources.id_checks import check_id_columns, check_source_of_ids
from seedbed.engine.stopping.bounds import check_size
from seedbed.errors import UsageError
from seedbed.llm.keys.key_guard import refuse_keys
from seedbed.pipeline.column_checks import check_columns
from seedbed.pipeline.topology import Topology
from seedbed.store.kept_beside import step_beside
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import GeneratorStep, GlobalStep, Step


def check_plan(plan: Plan, given: Topology, *, chooses_columns: bool) -> None:
    """Raise what a plan can't be run for; `given` is the graph as its author wrote it.

    `chooses_columns` says that the caller chose columns of an input that is read elsewhere, or not at all.
    """
    for problem in name_problems(given):
        raise problem
    _check_source(plan, chooses_columns)
    if plan.id_columns is not None and plan.input is not None:
        check_id_columns(plan.id_columns, plan.input)
    elif plan.id_columns is not None:
        check_source_of_ids(_sources(plan))
    _check_numbers(plan)
    _check_shard(plan)
    # As it was written: a message must not name a joining step that was added.
    types = plan.input.column_types() if plan.input is not None else None
    check_columns(given, types, sources=plan.source_types)
    for one in plan.backends:
        for asked in one._leaves:
            refuse_keys(asked)


def name_problems(topology: Topology) -> Iterator[UsageError]:
    """Yield an error for each step whose name is one under which a run keeps what belongs to another."""
    names = {node.name for node in topology.nodes}
    for name in names:
        if (step := step_beside(name, names)) is not None:
            yield UsageError(
                f"step '{name}' has the name under which a run keeps what belongs to step '{step}'",
                "give one of them another name: `name: ...` in a file, name='...' in Python",
            ).of_step(name)


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
            "then run the whole pipeline over the united rows, without --shard (shard= in Python)",
        )
    if plan.own_n == 0:
        raise UsageError(
            f"the shard {plan.bounds.shard} has none of the {plan.n} rows", "make fewer shards, or more rows"
        )


def _check_numbers(plan: Plan) -> None:
    if plan.n is not None and plan.n < 1:
        raise UsageError(f"cannot make {plan.n} rows", "-n is 1 or more (n= in Python)")
    if plan.concurrency is not None and plan.concurrency < 1:
        raise UsageError(
            f"cannot keep {plan.concurrency} calls in flight",
            "--concurrency is 1 or more (concurrency= in Python)",
        )
    check_size("the seed", plan.seed, -(2**63), 2**64 - 1)
    check_size("the number of rows", plan.n)
    check_size("the number of calls in flight", plan.concurrency)
    plan.bounds.check()
    if plan.bounds.stop_if is not None and not plan.writers:
        raise UsageError(
            f"the stop condition {plan.bounds.stop_if!r} is about texts of models, and none is asked",
            "leave out --stop-if (stop_if= in Python)",
        )
    for segment in segments_of(plan.topology) if plan.n is None else ():
        step = segment.generator
        is_endless = isinstance(step, GeneratorTask) and step.is_indexed and not step.finite
        # A step such as `limit` ends it.
        if is_endless and RowsWanted(segment).needed_at_one_each == math.inf:
            raise UsageError(
                f"'{segment.name}' can make any number of rows",
                "say how many: -n 100 on the command, n=100 in Python",
            )
