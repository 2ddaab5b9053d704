"""A step on the bench: made again for each trial, and given rows or run by the engine."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, chain, cycle, islice
from typing import Any, NamedTuple, TypeVar, cast

from seedbed.errors import Reject
from seedbed.plugins.class_references import class_named
from seedbed.plugins.fields.build import build
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.normalise import as_rows
from seedbed.tasks.rows import Row
from seedbed.tasks.step_references import get_step
from seedbed.tasks.steps import GeneratorStep, GlobalStep, Step
from seedbed.tasks.task_kinds import STEPS
from seedbed.testing.differences import lacking
from seedbed.testing.plausible import plausible_rows
from seedbed.testing.steps.scripts import Script
from seedbed.testing.steps.trial import Trial, attempt

T = TypeVar("T")

Outcome = list[Row] | str | None
"""The rows made from one row or index, the error as text, or None after the last row."""


UNKNOWN = "a column that no step knows"
"""A column of rows for a step that keeps what it gets."""

_MANY = 1000
"""Rows after which an ordered step may have enough."""


class Wanted(NamedTuple):
    """How many more rows a step wants after a row, and what it made of that; None before the first."""

    rows: int | None
    outcome: Outcome


@dataclass(frozen=True)
class StepBench:
    """Runs a step for a contract: for a number of `rows`, or over the `given` inputs."""

    step: str | type[BaseStep]
    parameters: Mapping[str, Any]
    given: Sequence[Row]
    rows: int
    patience: float

    @property
    def cls(self) -> type[BaseStep]:
        """The class of the step."""
        return class_named(STEPS, self.step) if isinstance(self.step, str) else self.step

    @property
    def takes_rows(self) -> bool:
        """Whether the step takes rows; a generator doesn't."""
        return not issubclass(self.cls, GeneratorStep)

    @property
    def is_seekable(self) -> bool:
        """Whether the step is a source that may begin at any row."""
        return issubclass(self.cls, GeneratorStep) and self.cls.seekable

    @property
    def inputs(self) -> list[Row] | None:
        """The rows that the step works on: the given ones, or else some with the columns it needs."""
        if not self.takes_rows:
            return None
        return copy.deepcopy([*self.given]) or plausible_rows(self.make().inputs, self._input_type())

    @property
    def count(self) -> int:
        """How many rows or inputs a trial has."""
        return self.rows if self.inputs is None else len(self.inputs)

    def make(self, **parameters: Any) -> BaseStep:
        """Return a new step with its parameters, and with those given here."""
        fields = {**self.parameters, **parameters}
        if isinstance(self.step, str):
            return get_step(self.step, **fields)
        return build(self.step, fields, f"the step '{self.step.__name__}'")

    def attempt(
        self,
        step: BaseStep | None = None,
        *,
        script: Script | None = None,
        n: int | None = None,
        inputs: Sequence[Row] | None = None,
        name: str | None = None,
        concurrency: int | None = None,
    ) -> Trial:
        """Run the step with the engine; `step`, `n` and `inputs` replace those of the bench."""
        rows = self.inputs if inputs is None else inputs
        return attempt(
            step or self.make(),
            script,
            n=n or (None if self.takes_rows else self.rows),
            inputs=rows,
            patience=self.patience,
            name=name,
            concurrency=concurrency,
        )

    def grown(self, name: str) -> Trial:
        """Run a new step for one row or input, then resume for two, and so on."""
        for count in range(1, self.count + 1):
            inputs = self.inputs and self.inputs[:count]
            trial = self.attempt(n=None if self.takes_rows else count, inputs=inputs, name=name)
            if trial.stopped_by:
                break
        return trial

    def fed(self, step: BaseStep | None = None, inputs: Sequence[Row] | None = None) -> list[Outcome]:
        """Return what a step (by default a new one) makes from each row, or from all if it needs all."""
        step = step or self.make()
        step.load()
        try:
            return [*self._fed(step, self.inputs or [] if inputs is None else inputs)]
        finally:
            step.unload()

    def lost_columns(self, step: BaseStep) -> list[str]:
        """Return the columns that rows come with, and one that no step knows, if a row made lacks them."""
        inputs = [{**row, UNKNOWN: number} for number, row in enumerate(self.inputs or ())]
        # Read before: a step that changes its rows has a test of its own.
        columns = [[*row] for row in inputs]
        outcomes = self.fed(step, inputs)
        if isinstance(step, GlobalStep):
            columns = (
                [[name for name in columns[0] if all(name in row for row in columns)]] if columns else []
            )
        made = zip(columns, outcomes, strict=True) if columns else ()
        lost = [lacking(rows, names) for names, rows in made if isinstance(rows, list)]
        return sorted({*chain.from_iterable(lost)})

    def fed_in_turn(self) -> tuple[list[Outcome], list[Outcome]]:
        """Return what two new steps make from each row, of which the first gets each row first."""
        steps = (self.make(), self.make())
        made: tuple[list[Outcome], list[Outcome]] = ([], [])
        for step in steps:
            step.load()
        try:
            for row in self.inputs or ():
                for step, outcomes in zip(steps, made, strict=True):
                    outcomes += self._fed(step, [copy.deepcopy(row)])
        finally:
            for step in steps:
                step.unload()
        return made

    def from_offsets(self) -> Iterator[tuple[int, list[Row], list[Row]]]:
        """Yield offsets of a source, the rows that are to come there, and those that do.

        They're the ends of what it yields first, and the end of all its rows if that's among them.
        """
        step = cast(GeneratorStep, self.make())
        step.load()
        try:
            parts = [copy.deepcopy([*rows]) for rows in islice(step.process(), self.rows + 1)]
            ends = [*accumulate(map(len, parts))]
            rows = [*chain(*parts)]
            for offset in {*ends[:2], *ends[len(ends) // 2 :][:1], *ends[-1:]}:
                # More than there should be: what comes after the end is looked for, too.
                most = len(rows) - offset + (len(parts) <= self.rows)
                found = islice(chain.from_iterable(step.process(offset)), most)
                yield offset, rows[offset:], copy.deepcopy([*found])
        finally:
            step.unload()

    def wanted(self) -> list[Wanted]:
        """Return how many rows a new step wants at first, and after each of many rows, and what it made."""
        step = cast(Step, self.make())
        step.load()
        try:
            wanted = [Wanted(step.rows_wanted, None)]
            for row in islice(cycle(self.inputs or []), _MANY):
                outcome = caught(partial(_one_fed, step, copy.deepcopy(row)))
                wanted.append(Wanted(step.rows_wanted, outcome))
            return wanted
        finally:
            step.unload()

    def alone(self, step: Step) -> list[tuple[Row, Row | str]]:
        """Return the inputs of which a step makes one row, or that it rejects, and that row or the reason."""
        step.load()
        try:
            made = [(row, one_outcome(_returned(step, row))) for row in self.inputs or ()]
        finally:
            step.unload()
        return [(row, outcome) for row, outcome in made if outcome is not None]

    def _fed(self, step: BaseStep, inputs: Sequence[Row]) -> Iterable[Outcome]:
        if isinstance(step, GlobalStep):
            return [caught(lambda: _all_rows(step, step.process(iter(inputs))))]
        if isinstance(step, GeneratorStep):
            return [caught(lambda: [*chain(*islice(step.process(), self.rows))][: self.rows])]
        return [caught(partial(_one_fed, cast(Step, step), row)) for row in inputs]

    def _input_type(self) -> Any:
        return getattr(self.cls, "Input", None)


def caught(make: Callable[[], T]) -> T | str:
    """Return what is made, or the error as text, so that outcomes can be compared whatever is raised."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def one_outcome(made: object) -> Row | str | None:
    """Return a copy of a row, or the text of a `Reject`; None if it's anything else."""
    if isinstance(made, Reject):
        return f"Reject: {made}"
    return copy.deepcopy(made) if isinstance(made, dict) and made else None


def _returned(step: Step, row: Row) -> object:
    try:
        return step.process(copy.deepcopy(row))
    except Exception as error:  # noqa: BLE001 - `process_many` needn't make anything of that row
        return error


def _one_fed(step: Step, row: Row) -> list[Row]:
    try:
        return copy.deepcopy(as_rows(step.process(row), step.name))
    except Reject:
        return []


def _all_rows(step: BaseStep, made: Iterable[Any]) -> list[Row]:
    return [row for item in made for row in as_rows(item, step.name)]
