"""Where a task says which model wrote its columns: in a place that no later step overwrites.

`model_name` is that of the first task whose model wrote a row. Each task behind it has a column of its own,
`<step>_model_name`, unless its `output_mappings` name another.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

from seedbed.tasks.normalise import plain_rows
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

MODEL_NAME = "model_name"


class _NamesModel(Protocol):
    """What is used of a task here."""

    name: str
    output_mappings: dict[str, str]

    def require_llm(self) -> LLM: ...
    def process(self, row: Row, /) -> Any: ...


def step_model_name(step: str) -> str:
    """Return the column for the model of a step that is not the first: `judge_model_name`."""
    return f"{re.sub(r'[^0-9A-Za-z_]', '_', step)}_{MODEL_NAME}"


def model_name_column(step: str, mappings: Mapping[str, str], row: Mapping[str, Any]) -> str:
    """Return the column for the model of a step that is given a row."""
    if MODEL_NAME in mappings:
        return mappings[MODEL_NAME]
    return MODEL_NAME if row.get(MODEL_NAME) is None else step_model_name(step)


def naming(process: Callable[[Any, Row], Any]) -> Callable[[Any, Row], list[Row]]:
    """Return `process` with the name of the task's model in each row that it makes.

    A name that `process` itself gives takes the place of the model's; one that came with the row stays.
    """

    @wraps(process)
    def with_model_name(self: _NamesModel, row: Row) -> Any:
        came_with = row.get(MODEL_NAME)
        made = process(self, row)
        if inspect.unwrap(type(self).process) is not process:
            # Called by that of a subclass, which names the model itself.
            return made
        return [_named(one, came_with, self) for one in plain_rows(made, self.name)]

    return with_model_name


def _named(row: Row, came_with: object, task: _NamesModel) -> Row:
    own = row.get(MODEL_NAME)
    name = task.require_llm().model_name if own is None or own == came_with else own
    # A `process` may have left out the columns that came with the row.
    stays = {MODEL_NAME: came_with} if came_with is not None and MODEL_NAME in row else {}
    column = model_name_column(task.name, task.output_mappings, stays)
    rest = {key: value for key, value in row.items() if key != MODEL_NAME or column == MODEL_NAME}
    return {**rest, **stays, column: name}
