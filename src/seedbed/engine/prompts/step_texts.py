"""The texts of a row that its prompts may be made from."""

from __future__ import annotations

from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.llm.calling.prompt_texts import RowText
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.rows import Row

# Each one is looked for in each prompt.
_MOST_VALUES = 32

_TYPES = (str, int, float)


class StepTexts:
    """Finds the values that prompts of one step are made from, and which of them the run keeps in a row."""

    def __init__(self, step: BaseStep) -> None:
        self._keeps = isinstance(step, BaseTask)
        self._own = frozenset(step.columns if self._keeps else ())

    def of(self, in_flight: InFlight, row: Row) -> list[RowText]:
        """Return the texts and numbers of a row, the longest first."""
        # A row that a step made is in the store. One of the input isn't, but a task keeps its columns.
        is_stored = bool(in_flight.node) or in_flight.parent is not None
        found = [
            RowText(text, is_stored or (self._keeps and name[:1] != "_" and name not in self._own))
            for name, value in row.items()
            if type(value) in _TYPES and (text := str(value))
        ]
        found.sort(key=_length, reverse=True)
        return found[:_MOST_VALUES]


def _length(value: RowText) -> int:
    return len(value.text)
