"""The model's name in the rows of tasks that take rows and process them in their own way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from seedbed.tasks.normalise import plain_rows
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    from seedbed.tasks.task import Task

MODEL_NAME = "model_name"


def naming(process: Callable[[Any, Row], Any]) -> Callable[[Any, Row], list[Row]]:
    """Return `process` with the name of the task's model in each row that it makes.

    A name that `process` itself gives is kept, one that came with the row, from an earlier task, is not.
    """

    @wraps(process)
    def with_model_name(self: Task, row: Row) -> Any:
        came_with = row.get(MODEL_NAME)
        made = process(self, row)
        if inspect.unwrap(type(self).process) is not process:
            # Called by that of a subclass, which names the model itself.
            return made
        return [_named(one, came_with, self) for one in plain_rows(made, self.name)]

    return with_model_name


def _named(row: Row, came_with: object, task: Task) -> Row:
    if row.get(MODEL_NAME) != came_with:
        return row
    return {**row, MODEL_NAME: task.require_llm().model_name}
