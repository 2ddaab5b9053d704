"""What is to be run, checked as a whole before anything is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.llm.llm import LLM
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.registry import Registry
from seedbed.plugins.resolve import get_llm, get_step
from seedbed.plugins.suggest import did_you_mean
from seedbed.store.readers import read_rows
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep, GeneratorStep, Step
from seedbed.tasks.task import BaseTask

_LOOKED_AT = 100

Input = str | Path | Iterable[Row]
"""Rows for a task that works on rows: a file, or the rows themselves."""


@dataclass(frozen=True)
class Plan:
    """The steps of a run in order, copies of the caller's own, each task with its LLM."""

    name: str
    steps: tuple[BaseStep, ...]
    input: Input | None
    n: int | None
    seed: int
    concurrency: int | None

    @property
    def generator(self) -> GeneratorStep | None:
        """The step that the rows come from; None where they come from the input."""
        first = self.steps[0]
        return first if isinstance(first, GeneratorStep) else None

    @property
    def llms(self) -> list[LLM]:
        """The LLMs of all steps, each once."""
        return list({id(llm): llm for step in self.steps for llm in llm_fields(step).values()}.values())


def llm_fields(step: BaseStep) -> dict[str, LLM]:
    """Return the fields of a step that hold an LLM: a task's `llm`, and others such as a judge."""
    values = {name: getattr(step, name) for name in type(step).model_fields}
    return {name: value for name, value in values.items() if isinstance(value, LLM)}


def make_plan(
    what: str | BaseStep | Pipeline,
    *,
    n: int | None = None,
    llm: str | LLM | None = None,
    input: Input | None = None,
    seed: int = 0,
    concurrency: int | None = None,
    registry: Registry | None = None,
) -> Plan:
    """Return the checked plan of a run; raise UsageError for what cannot be run."""
    if isinstance(what, str):
        what = get_step(what, registry=registry)
    steps = what.steps if isinstance(what, Pipeline) else [what]
    if not steps:
        raise UsageError("the pipeline has no steps", "Pipeline([first, second]), or first >> second")
    resolved = get_llm(llm, registry=registry) if isinstance(llm, str) else llm
    copies = tuple(_with_llm(step, resolved) for step in steps)
    name = (what.name if isinstance(what, Pipeline) else "") or copies[0].name
    plan = Plan(name, copies, input, n, seed, concurrency)
    _check_names(copies)
    _check_order(copies)
    _check_source(plan)
    _check_numbers(plan)
    _check_columns(plan)
    return plan


def _with_llm(step: BaseStep, llm: LLM | None) -> BaseStep:
    copy = step.model_copy()
    if isinstance(copy, BaseTask):
        if copy.llm is None and llm is not None:
            copy.llm = llm
        copy.require_llm()
    return copy


def _check_names(steps: Sequence[BaseStep]) -> None:
    for name, times in Counter(step.name for step in steps).items():
        if times > 1:
            raise UsageError(
                f"{times} steps have the name '{name}'", "give each a name of its own: name='...'"
            )


def _check_order(steps: Sequence[BaseStep]) -> None:
    for step in steps[1:]:
        if isinstance(step, GeneratorStep):
            raise UsageError(
                f"step '{step.name}' makes rows without input, and cannot follow another step",
                "put it first",
            )


def _check_source(plan: Plan) -> None:
    first = plan.steps[0]
    if plan.generator is None and plan.input is None:
        raise UsageError(
            f"'{first.name}' works on rows, and there are none",
            "give it rows: --input rows.jsonl on the command, input=... in Python",
        )
    if plan.generator is not None and plan.input is not None:
        raise UsageError(f"'{first.name}' makes its rows without input", "leave out the input")


def _check_numbers(plan: Plan) -> None:
    if plan.n is not None and plan.n < 1:
        raise UsageError(f"cannot make {plan.n} rows", "-n is 1 or more")
    if plan.concurrency is not None and plan.concurrency < 1:
        raise UsageError(f"cannot keep {plan.concurrency} calls in flight", "--concurrency is 1 or more")
    generator = plan.generator
    if (
        plan.n is None
        and isinstance(generator, GeneratorTask)
        and generator.is_indexed
        and not generator.finite
    ):
        raise UsageError(
            f"'{generator.name}' makes rows without end",
            "say how many: -n 100 on the command, n=100 in Python",
        )


def _check_columns(plan: Plan) -> None:
    """Look at the first rows of a file, so that a misnamed column shows before anything is spent."""
    first = plan.steps[0]
    if not isinstance(plan.input, str | Path) or not isinstance(first, Step):
        return
    beginning = islice(read_rows(Path(plan.input)), _LOOKED_AT)
    present = dict.fromkeys(name for row in beginning for name in row)
    missing = [column for column in first.inputs if column not in present]
    if missing and present:
        raise UsageError(
            f"'{plan.input}' has no column '{missing[0]}', which '{first.name}' reads",
            *did_you_mean(missing[0], present),
            f"its columns are {', '.join(present)}",
        )
