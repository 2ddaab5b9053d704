"""Generator tasks: sources of rows that a language model writes without any input."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, ClassVar

from seedbed.errors import UsageError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.llm.json_copies import json_copy
from seedbed.plugins.authoring.overrides import guard
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.columns.final_columns import finished
from seedbed.tasks.columns.mapping import renamed
from seedbed.tasks.guarded_steps import GENERATOR_TASK, generator_task_calls
from seedbed.tasks.late_random import late_random
from seedbed.tasks.rows import GeneratorOutput, Row, check_text, plain_row
from seedbed.tasks.steps import GeneratorStep


class GeneratorTask(BaseTask, GeneratorStep):
    """A task with no input.

        class Haiku(GeneratorTask):
            outputs: ClassVar[list[str]] = ["haiku"]
            template: str = "Write a haiku about {{ topic }}."

            def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
                return {"topic": rng.choice(["rain", "moss", "trains"])}

        run(Haiku(), n=100, llm="openai/gpt-4.1-mini", out="haiku.jsonl")

    There are three levels. Declare `sample` with `template` or `format_input`: each row depends on its index
    alone, so row 7 is row 7 whatever ran before it. Override `generate_row` for several calls per row. Or
    override `process` and yield rows in any way.
    """

    feedback: ClassVar[int] = 0
    """Rows per block, if prompts use earlier rows; 0 if they don't.

    With `feedback = R`, `sample(index, rng, accepted)` receives the accepted rows of all indices below
    `R * (index // R - 1)`. These rows don't depend on timing, and a whole block can be in flight. Copy those
    that you change, `{**row, ...}`: later indices get the same ones.
    """

    sampled: ClassVar[tuple[str, ...] | None] = None
    """The public variables that `sample` returns, if they're the same for every row.

    If a class declares them, Seedbed checks before a run that steps downstream find their columns.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        guard(cls, GENERATOR_TASK)
        check_methods(cls, generator_task_calls(isinstance(cls.feedback, int) and cls.feedback > 0))

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        """Return the variables of row `index`, sampled with `rng` alone; None ends the rows at this index.

        If the rows end, set `finite = True` on the class. A variable named `_x` is private: the prompt sees
        it, the row doesn't have it.
        """
        return {}

    def feedback_limit(self, index: int) -> int:
        """Return the index below which rows may be used for row `index`."""
        return max(0, self.feedback * (index // self.feedback - 1)) if self.feedback else 0

    def variables(self, index: int, seed: int = 0, accepted: Sequence[Row] = ()) -> dict[str, Any] | None:
        """Return the variables of row `index` in a run with this seed; `accepted` is for `feedback`.

        Values are converted to the form they have in the row, so that prompt and row show the same. A value
        that no row can hold raises InvalidRowError here, before a call is paid for. Private variables aren't
        converted. None for index 0 raises UsageError, unless the class is `finite`.
        """
        rng = late_random(f"{seed}/{self.name}/{index}")
        sample: Callable[..., dict[str, Any] | None] = self.sample
        variables = sample(index, rng, accepted) if self.feedback else sample(index, rng)
        if variables is None and not index and not self.finite:
            # Most likely a `return` was forgotten: as the end of the rows, it would be a run of none.
            raise UsageError(
                f"'sample' of {self.name!r} returned None for the first row",
                "return a dict of variables; None ends the rows",
                "if there may be none at all, set `finite = True` on the class",
            )
        # A copy: `sample` may return one dictionary again and again, such as a parameter's.
        return variables if variables is None else json_copy(self._plain_input(variables))

    async def make_row(self, index: int, seed: int = 0, accepted: Sequence[Row] = ()) -> list[Row] | None:
        """Return the finished rows of one index in a run with this seed, or None after the last row."""
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
        """Yield the rows of index `offset` and of every later index, one index at a time.

        Without a run, `feedback` sees only the rows that this call has yielded.
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
        """Whether each row depends on its index alone: true unless `process` is overridden."""
        return type(self).process is GeneratorTask.process

    @property
    def only_samples(self) -> bool:
        """Whether a row is what `sample` returns, and `generate_row` isn't called.

        Override it for a task that asks no model with some parameters. Its rows are then made in a thread, a
        hundred thousand of them in seconds.
        """
        return False

    @property
    def _makes_rows_itself(self) -> bool:
        return not self.is_indexed

    def _plain_input(self, input: Row) -> Row:
        plain = plain_row(input, private="_")
        check_text({name: value for name, value in plain.items() if not name.startswith("_")})
        return plain

    def _kept_columns(self, input: Row) -> Row:
        return {name: value for name, value in input.items() if not name.startswith("_")}

    def _added_columns(self) -> dict[str, Any]:
        if not self.needs_llm:
            return {}
        return renamed({"model_name": self.require_llm()._writer}, self.output_mappings)
