"""A task on the bench: its model gives scripted answers, gets interrupted, or answers badly."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import takewhile
from typing import Any, cast

from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.loop import loop_thread
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.task import Task
from seedbed.testing.heartbeat import Heartbeat
from seedbed.testing.steps.scripts import (
    Answer,
    CutScript,
    ReversingScript,
    Script,
    Spoil,
    SpoiltScript,
    scripted_by,
)
from seedbed.testing.steps.step_bench import Outcome, StepBench, caught
from seedbed.testing.steps.trial import Trial

LATENESS = 0.1
"""Seconds for which a row may block the loop."""

_SESSIONS = 12
_PLACE = 7
"""The row that is made alone, and again after all before it."""

Variables = dict[str, Any] | str | None
"""The variables sampled for an index, the error as text, or None after the last row."""


@dataclass(frozen=True)
class TaskBench(StepBench):
    """Runs a task for a contract: a step, its model's answers, and how many calls a row may make."""

    answer: Answer
    most_calls: int

    @property
    def is_sampled(self) -> bool:
        """Whether rows are made from variables that are sampled for each index."""
        return getattr(self.cls, "process", None) is GeneratorTask.process

    @property
    def makes_rows_apart(self) -> bool:
        """Whether rows depend on no other row: no `process` of its own, and no `feedback`."""
        if self.is_sampled:
            return not cast(type[GeneratorTask], self.cls).feedback
        return getattr(self.cls, "process", None) is Task.process

    @property
    def makes_rows_together(self) -> bool:
        """Whether several rows can be in flight at once."""
        return self.is_sampled or self.takes_rows

    def script(self) -> Script:
        """Return a script of good answers."""
        return Script(self.answer, self.most_calls)

    def make(self, script: Script | None = None, **parameters: Any) -> BaseTask:
        """Return a new task whose model follows a script, with its parameters and those given here."""
        llm = scripted_by(script or self.script()).bound(Gateway(), None)
        return cast(BaseTask, super().make(**{"llm": llm, **parameters}))

    def run(self, script: Script | None = None, **options: Any) -> Trial:
        """Run a new task with the engine; its model follows a script."""
        script = script or self.script()
        return self.attempt(self.make(script), script=script, **options)

    def lateness(self) -> float:
        """Return for how many seconds a run has blocked the loop at a time, without pauses of the machine."""
        with Heartbeat(loop_thread().loop) as heartbeat:
            self.run()
        return heartbeat.lateness

    def rows_in_reverse(self) -> list[Row]:
        """Return the rows made when the answers of rows in flight come in reverse order."""
        return self.run(ReversingScript(self.answer, self.most_calls)).rows

    def spoilt(self, spoil: Spoil, place: int) -> tuple[SpoiltScript, Trial]:
        """Run the task with every answer to one row spoilt; `place` says which row."""
        script = SpoiltScript(self.answer, self.most_calls, spoil, place)
        return script, self.run(script, concurrency=1)

    def interrupted(self, name: str, calls: int) -> Trial:
        """Run the task in about a dozen sessions; all but the last are cut off during a call."""
        each = -(-calls // _SESSIONS) or 1
        for _ in range(calls + 2):
            trial = self.run(CutScript(self.answer, self.most_calls, each), name=name, concurrency=1)
            if not trial.interrupted:
                break
        return trial

    @property
    def indices(self) -> range:
        """The indices to sample variables for: enough for a task with `feedback` to receive rows."""
        return range(self.rows + 2 * self._feedback)

    @cached_property
    def accepted(self) -> list[Row]:
        """The rows of a run, for the later indices of a task with `feedback`; none for other tasks."""
        return self.run(concurrency=1).rows if self._feedback else []

    def variables(self, indices: Sequence[int], seed: int = 0) -> dict[int, Variables]:
        """Return what a new task samples for each index, in the given order."""
        task = self.make()
        assert isinstance(task, GeneratorTask)
        task.load()
        return {index: caught(partial(_sampled, task, index, seed, self._window(index))) for index in indices}

    def sampled_twice(self) -> tuple[list[Variables], list[Variables]]:
        """Return what is sampled for each index, in their order and in reverse order."""
        forth, back = self.variables(self.indices), self.variables(self.indices[::-1])
        return [forth[index] for index in self.indices], [back[index] for index in self.indices]

    def outcomes(self, places: Sequence[int], **parameters: Any) -> list[Outcome]:
        """Return what a new task makes from these indices or inputs, one after the other."""
        task = self.make(**parameters)
        task.load()
        return [caught(partial(self._outcome, task, place)) for place in places]

    def alone_and_among(self) -> tuple[Outcome, Outcome]:
        """Return a row made alone, and the same row made after others."""
        places = self.places()[: _PLACE + 1]
        return self.outcomes(places[-1:])[-1], self.outcomes(places)[-1]

    def is_independent(self) -> bool:
        """Whether a row is the same after others; true if the task doesn't promise it."""
        if not self.makes_rows_apart:
            return True
        alone, among = self.alone_and_among()
        return alone == among

    def places(self) -> list[int]:
        """Return the indices that have rows, or the places of the inputs."""
        if not self.is_sampled:
            return [*range(self.count)]
        sampled = self.variables(range(self.rows))
        return [*takewhile(lambda index: sampled[index] is not None, sampled)]

    @property
    def _feedback(self) -> int:
        return self.cls.feedback if issubclass(self.cls, GeneratorTask) else 0

    def _window(self, index: int) -> list[Row]:
        """Return the earlier rows for an index, as far as they exist; each index has one row."""
        blocks = index // self._feedback - 1 if self._feedback else 0
        return copy.deepcopy(self.accepted[: self._feedback * blocks]) if blocks > 0 else []

    def _outcome(self, task: BaseTask, place: int) -> list[Row] | None:
        if isinstance(task, GeneratorTask):
            return loop_thread().run(task.make_row(place), twin="make_row(index)")
        assert self.inputs is not None
        return loop_thread().run(task.make_rows(self.inputs[place]), twin="make_rows(row)")


def _sampled(task: GeneratorTask, index: int, seed: int, accepted: list[Row]) -> dict[str, Any] | None:
    # A copy: a task may return the same list each time and append to it.
    return copy.deepcopy(task.variables(index, seed, accepted))
