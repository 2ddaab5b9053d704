"""Typed columns of a step in a pipeline file: the `Output` class that is made from its `schema`."""

from __future__ import annotations

from collections.abc import Mapping
from types import new_class
from typing import Any

from seedbed.errors import UsageError
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.columns.column_types import row_model
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.task import Task

# A dunder name, since all other attributes of a class are part of its code's fingerprint.
_COLUMNS = "__seedbed_columns__"

_ROWS = ("outputs", "answer_schema", "format_output", "generate_row", "process")


def with_schema(cls: type[BaseStep], schema: Mapping[str, Any]) -> type[BaseStep]:
    """Return a class whose rows are typed by the schema in a file.

    Raises UsageError if the step's author already declares its rows, and for an impossible column.
    """
    _check_free(cls)
    output = row_model(f"{cls.__name__}Output", schema, cls.__module__)
    # It keeps the name and module of the author's class: fingerprints include both, and the typed row.
    body = {"Output": output, "__module__": cls.__module__, "__doc__": cls.__doc__, _COLUMNS: dict(schema)}
    made: type[BaseStep] = new_class(
        cls.__name__, (cls,), exec_body=lambda names: names.update(body, __qualname__=cls.__qualname__)
    )
    return made


def typed_by(cls: type[BaseStep]) -> tuple[type[BaseStep], dict[str, Any]] | None:
    """Return the class and the schema that `with_schema` made a class of; None for any other class."""
    columns = vars(cls).get(_COLUMNS)
    return (cls.__mro__[1], columns) if columns else None


def _check_free(cls: type[BaseStep]) -> None:
    advice = "a schema is for a task with one prompt and one answer for each row, such as text-generation"
    if not issubclass(cls, BaseTask):
        raise UsageError(f"'{cls.__name__}' is not a task: no model writes its columns", advice)
    own = [name for name in _ROWS if _is_overridden(cls, name)]
    if cls.Output is not None or own:
        raise UsageError(f"'{cls.__name__}' declares its rows itself, and takes no schema", advice)


def _is_overridden(cls: type[BaseTask], name: str) -> bool:
    base = GeneratorTask if issubclass(cls, GeneratorTask) else Task
    return getattr(cls, name) is not getattr(base, name)
