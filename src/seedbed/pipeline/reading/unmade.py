"""Steps that stand in for those that can't be made, so that the rest of a pipeline file is checked."""

from __future__ import annotations

from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.join_steps import CombineStep, Concat
from seedbed.tasks.rows import GeneratorOutput, Row
from seedbed.tasks.steps import GeneratorStep, Step


class UnmadeStep(Step):
    """Makes any columns."""

    def process(self, row: Row) -> Row:
        """Return the row."""
        return row


class UnmadeSource(GeneratorStep):
    """Makes no rows, and any columns."""

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield nothing."""
        return iter(())


def unmade(cls: type[BaseStep] | None, name: str, *, is_first: bool) -> BaseStep:
    """Return a stand-in for a step of a class, None if that's unknown; `is_first`: nothing leads to it."""
    if cls is None:
        return UnmadeSource(name=name) if is_first else UnmadeStep(name=name)
    if issubclass(cls, GeneratorStep):
        return UnmadeSource(name=name)
    return Concat(name=name) if issubclass(cls, CombineStep) else UnmadeStep(name=name)
