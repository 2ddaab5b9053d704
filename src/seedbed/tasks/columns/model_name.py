"""The column that says which model wrote a task's columns; no later step overwrites it.

`model_name` names the model of the first task that wrote the row. Each later task has its own column
`<step>_model_name`, unless its `output_mappings` say otherwise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

from seedbed.tasks.columns.mapping import renamed
from seedbed.tasks.normalise import plain_rows
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

MODEL_NAME = "model_name"


class _NamesModel(Protocol):
    """The part of a task that this module uses."""

    name: str
    output_mappings: dict[str, str]

    @property
    def needs_llm(self) -> bool: ...
    def require_llm(self) -> LLM: ...


class _Processes(_NamesModel, Protocol):
    """A task that may have its own `process`."""

    def process(self, row: Row, /) -> Any: ...


def step_model_name(step: str) -> str:
    """Return the column for the model of a later step: `judge_model_name`."""
    return f"{re.sub(r'[^0-9A-Za-z_]', '_', step)}_{MODEL_NAME}"


def model_name_column(step: str, mappings: Mapping[str, str], row: Mapping[str, Any]) -> str:
    """Return the column for the model of a step that gets a row."""
    if MODEL_NAME in mappings:
        return mappings[MODEL_NAME]
    return MODEL_NAME if row.get(MODEL_NAME) is None else step_model_name(step)


def with_model_name(row: Row, task: _NamesModel, column: str) -> Row:
    """Return a row that the task's model wrote under its final columns, with the model's name in `column`."""
    if not task.needs_llm:
        return renamed(row, task.output_mappings)
    made = renamed({**row, MODEL_NAME: task.require_llm()._writer}, task.output_mappings)
    # `model_name` already names the first model that wrote the row; this task's model goes elsewhere.
    if MODEL_NAME in made and column != MODEL_NAME:
        made[column] = made.pop(MODEL_NAME)
    return made


def adding_model_name(process: Callable[[Any, Row], Any]) -> Callable[[Any, Row], list[Row]]:
    """Return `process`, with the name of the task's model added to each row.

    If `process` sets a name, that one is used. A name that came with the row stays.
    """

    @wraps(process)
    def process_and_name(self: _Processes, row: Row) -> Any:
        came_with = row.get(MODEL_NAME)
        made = process(self, row)
        if inspect.unwrap(type(self).process) is not process:
            # A subclass's `process` called this one; the subclass's adds the name.
            return made
        return [_named(one, came_with, self) for one in plain_rows(made, self.name)]

    return process_and_name


def _named(row: Row, came_with: object, task: _NamesModel) -> Row:
    if not task.needs_llm:
        return row
    own = row.get(MODEL_NAME)
    name = task.require_llm()._writer if own is None or own == came_with else own
    # `process` may have dropped columns that came with the row.
    stays = {MODEL_NAME: came_with} if came_with is not None and MODEL_NAME in row else {}
    column = model_name_column(task.name, task.output_mappings, stays)
    rest = {key: value for key, value in row.items() if key != MODEL_NAME or column == MODEL_NAME}
    return {**rest, **stays, column: name}
