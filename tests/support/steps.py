"""Steps by name alone, for tests of graphs."""

from __future__ import annotations

from collections.abc import Iterable

from seedbed import GeneratorOutput, GeneratorStep, GlobalStep, Step
from seedbed.tasks.rows import Row


class Plain(Step):
    """Says nothing of its columns."""

    def process(self, row: Row) -> Row:
        return row


class Source(GeneratorStep):
    def process(self, offset: int = 0) -> GeneratorOutput:
        yield {}


class All(GlobalStep):
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return rows


def plain(names: str) -> list[Plain]:
    """Return a step for each of the names."""
    return [Plain(name=name) for name in names.split()]
