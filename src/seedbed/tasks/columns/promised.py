"""The columns that a step promises in its `outputs`, and the check that its rows have them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from seedbed.errors import MissingColumnError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.mapping import mapped
from seedbed.tasks.columns.model_name import MODEL_NAME
from seedbed.tasks.rows import Row


def promised_columns(step: BaseStep) -> tuple[str, ...]:
    """Return the columns that a step's author promises in `outputs`, under their final names."""
    return tuple(mapped(own_columns(step), step.output_mappings))


def own_columns(step: BaseStep) -> tuple[str, ...]:
    """Return the columns that a step's author promises, under the author's names."""
    if not _promises(type(step)):
        return ()
    return tuple(column for column in step.outputs if column != MODEL_NAME)


@lru_cache(maxsize=1024)
def _promises(kind: type[BaseStep]) -> bool:
    """Whether the step's author declares `outputs`; the framework's default is only a guess."""
    owner = next(cls for cls in kind.__mro__ if "outputs" in vars(cls))
    return not owner.__module__.startswith("seedbed.tasks.")


def check_promised(promised: Iterable[str], row: Row, step: str) -> None:
    """Raise MissingColumnError if a row of step `step` lacks a promised column.

    Otherwise the step that reads the column would fail, after everything upstream has been paid for.
    """
    for column in promised:
        if column not in row:
            raise MissingColumnError(
                f"step '{step}' promises a column '{column}', but its row doesn't have it",
                *did_you_mean(column, row),
                f"columns of the row: {', '.join(map(str, row)) or 'none'}",
                f"add the column (None is fine), or take it out of `outputs` of '{step}'",
            )
