"""Generator tasks: sources of rows that a language model writes without any input."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, ClassVar

from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.plugins.overrides import guard
from seedbed.plugins.signatures import check_methods
from seedbed.tasks.guarded import GENERATOR_TASK, generator_task_calls
from seedbed.tasks.mapping import renamed
from seedbed.tasks.rows import GeneratorOutput, Row, check_text, plain_row
from seedbed.tasks.steps import GeneratorStep, finished
from seedbed.tasks.task import BaseTask


class GeneratorTask(BaseTask, GeneratorStep):
    """A task with no input, at one of three levels.

    Declare `sample` with `template` or `format_input`, and row 7 is row 7 whatever ran before it; or
    override `generate_row` for several calls per row; or override `process` and yield rows in any way.
    """

    feedback: ClassVar[int] = 0
    """Rows of a block, for a method whose prompts feed on earlier rows; 0 for all others.

    With `feedback = R`, `sample(index, rng, accepted)` receives the accepted rows of all indices below
    `R * (index // R - 1)`: a window that does not depend on timing, while a whole block is under way.
    """

    sampled: ClassVar[tuple[str, ...] | None] = None
    """The variables that `sample` gives each row, private ones left out, where they are always the same.

    A class that says so has the steps behind it checked before a run, for columns that no row will have.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        guard(cls, GENERATOR_TASK)
        check_methods(cls, generator_task_calls(isinstance(cls.feedback, int) and cls.feedback > 0))

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        """Return the variables of row `index`, drawn with `rng` alone; None ends the rows at this index.

        A class whose rows end says `finite = True`. A variable named `_x` is private: for the prompt, not
        for the row.
        """
        return {}

    def feedback_limit(self, index: int) -> int:
        """Return the index below which rows may feed row `index`."""
        return max(0, self.feedback * (index // self.feedback - 1)) if self.feedback else 0

    def variables(self, index: int, seed: int = 0, accepted: Sequence[Row] = ()) -> dict[str, Any] | None:
        """Return the variables of row `index` in a run of this seed; `accepted` are the rows that feed it.

        They have the form that they have in the row, so that prompts show the same, and a value that no row
        can hold raises InvalidRowError here, before a call is paid for. Private ones stay as they are.
        """
        rng = random.Random(f"{seed}/{self.name}/{index}")
        sample: Callable[..., dict[str, Any] | None] = self.sample
        variables = sample(index, rng, accepted) if self.feedback else sample(index, rng)
        return variables if variables is None else self._plain_input(variables)

    async def make_row(self, index: int, seed: int = 0, accepted: Sequence[Row] = ()) -> list[Row] | None:
        """Return the finished rows of one index in a run of this seed, or None behind the end."""
        variables = self.variables(index, seed, accepted)
        if variables is None:
            return None
        token = current_scope.set(CallScope(seed, self.name, str(index)))
        try:
            return await self.make_rows(variables)
        finally:
            current_scope.reset(token)

    @finished
    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows of index `offset` and all that follow, one index at a time.

        Without a run, rows feed on those that were yielded before, and on no others.
        """
        ends: list[int] = []
        accepted: list[Row] = []
        for index in count(offset):
            blocks = self.feedback_limit(index) - offset
            earlier = accepted[: ends[blocks - 1]] if blocks > 0 else []
            rows = loop_thread().run(self.make_row(index, 0, earlier), twin="make_row(index)")
            if rows is None:
                return
            if self.feedback:
                accepted += rows
                ends.append(len(accepted))
            yield rows

    @property
    def is_indexed(self) -> bool:
        """Whether rows are made by index (`process` is not overridden), and so independently."""
        return type(self).process is GeneratorTask.process

    def _plain_input(self, input: Row) -> Row:
        plain = plain_row(input, private="_")
        check_text({name: value for name, value in plain.items() if not name.startswith("_")})
        return plain

    def _kept_columns(self, input: Row) -> Row:
        return {name: value for name, value in input.items() if not name.startswith("_")}

    def _added_columns(self) -> dict[str, Any]:
        return renamed({"model_name": self.require_llm().model_name}, self.output_mappings)
