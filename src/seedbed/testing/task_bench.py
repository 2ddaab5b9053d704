"""A task on the bench: a step whose model says what it is told to, is cut off, or answers badly."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import takewhile
from typing import Any, cast

from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.loop import loop_thread
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.task import BaseTask, Task
from seedbed.testing.scripts import Answer, CutScript, Script, Spoil, SpoiltScript, scripted_by
from seedbed.testing.step_bench import Outcome, StepBench, caught
from seedbed.testing.trial import Trial

_SESSIONS = 12

Variables = dict[str, Any] | str | None
"""What is drawn for an index, the error in words, or None behind the end."""


@dataclass(frozen=True)
class TaskBench(StepBench):
    """What a contract tries a task with: a step, what its model says, and how many calls a row may make."""

    answer: Answer
    most_calls: int

    @property
    def is_sampled(self) -> bool:
        """Whether rows are made of variables that are drawn for each index."""
        return getattr(self.cls, "process", None) is GeneratorTask.process

    @property
    def makes_rows_apart(self) -> bool:
        """Whether rows depend on no other row: no `process` of its own, and no `feedback`."""
        if self.is_sampled:
            return not cast(type[GeneratorTask], self.cls).feedback
        return getattr(self.cls, "process", None) is Task.process

    def script(self) -> Script:
        """Return a script of good answers."""
        return Script(self.answer, self.most_calls)

    def make(self, script: Script | None = None, **parameters: Any) -> BaseTask:
        """Return a new task whose model says what a script says, with `parameters` beside those it has."""
        llm = scripted_by(script or self.script()).bound(Gateway(), None)
        return cast(BaseTask, super().make(**{"llm": llm, **parameters}))

    def run(self, script: Script | None = None, **options: Any) -> Trial:
        """Run a new task with the engine, its model saying what a script says."""
        script = script or self.script()
        return self.attempt(self.make(script), script=script, **options)

    def spoilt(self, spoil: Spoil, place: int) -> tuple[SpoiltScript, Trial]:
        """Run the task, with every answer to the row that comes at a place spoilt."""
        script = SpoiltScript(self.answer, self.most_calls, spoil, place)
        return script, self.run(script, concurrency=1)

    def interrupted(self, name: str, calls: int) -> Trial:
        """Run the task in about a dozen sessions, each of which is cut off in a call, and the last is not."""
        each = -(-calls // _SESSIONS) or 1
        for _ in range(calls + 2):
            trial = self.run(CutScript(self.answer, self.most_calls, each), name=name, concurrency=1)
            if not trial.interrupted:
                break
        return trial

    @property
    def indices(self) -> range:
        """The indices for which variables are drawn: so many that a task with `feedback` is given rows."""
        return range(self.rows + 2 * self._feedback)

    @cached_property
    def accepted(self) -> list[Row]:
        """The rows of a run, which feed the later indices of a task with `feedback`; none for any other."""
        return self.run(concurrency=1).rows if self._feedback else []

    def variables(self, indices: Sequence[int], seed: int = 0) -> dict[int, Variables]:
        """Return what a new task draws for each index, in the order in which they are given."""
        task = self.make()
        assert isinstance(task, GeneratorTask)
        task.load()
        return {index: caught(partial(_drawn, task, index, seed, self._window(index))) for index in indices}

    def outcomes(self, places: Sequence[int]) -> list[Outcome]:
        """Return what a new task makes of these indices or inputs, one after the other."""
        task = self.make()
        task.load()
        return [caught(partial(self._outcome, task, place)) for place in places]

    def places(self) -> list[int]:
        """Return the indices that have rows, or the places of the inputs."""
        if not self.is_sampled:
            return [*range(self.count)]
        drawn = self.variables(range(self.rows))
        return [*takewhile(lambda index: drawn[index] is not None, drawn)]

    @property
    def _feedback(self) -> int:
        return self.cls.feedback if issubclass(self.cls, GeneratorTask) else 0

    def _window(self, index: int) -> list[Row]:
        """Return the rows that index is fed with, as far as there are so many; each index gives one."""
        blocks = index // self._feedback - 1 if self._feedback else 0
        return copy.deepcopy(self.accepted[: self._feedback * blocks]) if blocks > 0 else []

    def _outcome(self, task: BaseTask, place: int) -> list[Row] | None:
        if isinstance(task, GeneratorTask):
            return loop_thread().run(task.make_row(place), twin="make_row(index)")
        assert self.inputs is not None
        return loop_thread().run(task.make_rows(self.inputs[place]), twin="make_rows(row)")


def _drawn(task: GeneratorTask, index: int, seed: int, accepted: list[Row]) -> dict[str, Any] | None:
    # A copy: a task may draw one and the same list again and again, and add to it.
    return copy.deepcopy(task.variables(index, seed, accepted))
