"""A task on the bench: made anew for each trial, asked by rows or as a run, cut off, answered badly."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar

from seedbed.llm.gateway import Gateway
from seedbed.llm.loop import loop_thread
from seedbed.plugins.build import build
from seedbed.plugins.resolve import get_task, task_class
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.task import BaseTask, Task
from seedbed.testing.plausible import plausible_rows
from seedbed.testing.scripts import Answer, CutScript, Script, ScriptLLM, Spoil, SpoiltScript
from seedbed.testing.trial import Trial, attempt

_SESSIONS = 12

T = TypeVar("T")

Variables = dict[str, Any] | str | None
"""What is drawn for an index, the error in words, or None behind the end."""

Outcome = list[Row] | str | None
"""The rows of one index or input, the error in words, or None behind the end."""


@dataclass(frozen=True)
class TaskBench:
    """What a contract tries a task with: so many `rows`, or the inputs that are `given`."""

    task: str | type[BaseTask]
    parameters: Mapping[str, Any]
    given: Sequence[Row]
    rows: int
    answer: Answer
    most_calls: int
    patience: float

    @property
    def cls(self) -> type[BaseTask]:
        """The class of the task."""
        return task_class(self.task) if isinstance(self.task, str) else self.task

    @property
    def is_over_rows(self) -> bool:
        """Whether the task takes rows, and does not make them."""
        return issubclass(self.cls, Task)

    @property
    def is_sampled(self) -> bool:
        """Whether rows are made of variables that are drawn for each index."""
        cls = self.cls
        return issubclass(cls, GeneratorTask) and cls.process is GeneratorTask.process

    @property
    def makes_rows_apart(self) -> bool:
        """Whether rows depend on no other row: no `process` of its own, and no `feedback`."""
        cls = self.cls
        return (self.is_sampled and not cls.feedback) or cls.process is Task.process  # type: ignore[attr-defined]

    @property
    def inputs(self) -> list[Row] | None:
        """The rows that the task works on: those given, else some that have the columns that it names."""
        if not self.is_over_rows:
            return None
        task = self.make()
        assert isinstance(task, Task)
        return copy.deepcopy([*self.given]) or plausible_rows(task.inputs, task.Input)

    @property
    def count(self) -> int:
        """How many rows or inputs a trial is about."""
        return self.rows if self.inputs is None else len(self.inputs)

    def script(self) -> Script:
        """Return a script of good answers."""
        return Script(self.answer, self.most_calls)

    def make(self, script: Script | None = None, **parameters: Any) -> BaseTask:
        """Return a new task whose model says what a script says, with `parameters` beside those it has."""
        llm = ScriptLLM.of(script or self.script()).bound(Gateway(), None)
        fields = {"llm": llm, **self.parameters, **parameters}
        if isinstance(self.task, str):
            return get_task(self.task, **fields)
        return build(self.task, fields, f"the task '{self.task.__name__}'")

    def attempt(
        self,
        script: Script | None = None,
        *,
        task: BaseTask | None = None,
        inputs: Sequence[Row] | None = None,
        name: str | None = None,
        concurrency: int | None = None,
    ) -> Trial:
        """Run the task with the engine; `task` and `inputs` take the place of those on the bench."""
        script = script or self.script()
        rows = self.inputs if inputs is None else inputs
        return attempt(
            task or self.make(script),
            script,
            n=None if rows is not None else self.rows,
            inputs=rows,
            patience=self.patience,
            name=name,
            concurrency=concurrency,
        )

    def spoilt(self, spoil: Spoil) -> tuple[SpoiltScript, Trial]:
        """Run the task, with every answer to one of its rows spoilt."""
        script = SpoiltScript(self.answer, self.most_calls, spoil, only_row=self.count < 2)
        return script, self.attempt(script, concurrency=1)

    def interrupted(self, name: str, calls: int) -> Trial:
        """Run the task in about a dozen sessions, each of which is cut off in a call, and the last is not."""
        each = -(-calls // _SESSIONS) or 1
        for _ in range(calls + 2):
            trial = self.attempt(CutScript(self.answer, self.most_calls, each), name=name, concurrency=1)
            if not trial.interrupted:
                break
        return trial

    def variables(self, indices: Sequence[int], seed: int = 0) -> dict[int, Variables]:
        """Return what a new task draws for each index, in the order in which they are given."""
        task = self.make()
        assert isinstance(task, GeneratorTask)
        task.load()
        return {index: _caught(partial(_drawn, task, index, seed)) for index in indices}

    def outcomes(self, places: Sequence[int]) -> list[Outcome]:
        """Return what a new task makes of these indices or inputs, one after the other."""
        task = self.make()
        task.load()
        return [_caught(partial(self._outcome, task, place)) for place in places]

    def places(self) -> list[int]:
        """Return the indices that have rows, or the places of the inputs."""
        if not self.is_sampled:
            return [*range(self.count)]
        drawn = self.variables(range(self.rows))
        return [*takewhile(lambda index: drawn[index] is not None, drawn)]

    def _outcome(self, task: BaseTask, place: int) -> list[Row] | None:
        if isinstance(task, GeneratorTask):
            return loop_thread().run(task.make_row(place), twin="make_row(index)")
        assert self.inputs is not None
        return loop_thread().run(task.make_rows(self.inputs[place]), twin="make_rows(row)")


def _drawn(task: GeneratorTask, index: int, seed: int) -> dict[str, Any] | None:
    # A copy: a task may draw one and the same list again and again, and add to it.
    return copy.deepcopy(task.variables(index, seed))


def _caught(make: Callable[[], T]) -> T | str:
    """Return what is made, or the error in words: they are compared, whatever an author's code raises."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
