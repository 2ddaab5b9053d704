"""Wraps the `process` that authors write, so that its rows have their final columns.

An author writes `process` with the columns of the step's `outputs`, and users give these other names in
`output_mappings`. Whoever calls `process` gets the new names, with a run and without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from types import MethodType
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from seedbed.tasks.columns.mapping import renamed
from seedbed.tasks.normalise import as_rows, normalised, rows_given
from seedbed.tasks.rows import GeneratorOutput, Row

_FINISHED = "__seedbed_finished__"
"""The attribute of a `process` that isn't wrapped (again)."""

# The author's own `process` of each wrapper. Not an attribute: an author's `functools.wraps` would copy it to
# another function.
_OWN: WeakKeyDictionary[Callable[..., Any], Callable[..., Any]] = WeakKeyDictionary()

_Process = TypeVar("_Process", bound=Callable[..., Any])


class _RenamingStep(Protocol):
    """The part of a step that this module uses."""

    name: str
    output_mappings: dict[str, str]

    def _process_mappings(self) -> dict[str, str]: ...


class _AddingSource(_RenamingStep, Protocol):
    """The part of a source that this module uses."""

    def _added_columns(self) -> dict[str, Any]: ...


def finished(process: _Process) -> _Process:
    """Mark a `process` whose rows already have their final columns, so that nothing renames them."""
    setattr(process, _FINISHED, True)
    return process


def wrap_row_step(cls: type) -> None:
    """Wrap the `process` that a step over single rows defines, so that its rows have their final columns."""
    _wrap_process(cls, _renaming_rows)


def wrap_global_step(cls: type) -> None:
    """Wrap the `process` that a step over all rows defines, so that its rows have their final columns."""
    _wrap_process(cls, _renaming_all_rows)


def wrap_source(cls: type) -> None:
    """Wrap the `process` that a source defines, so that it yields lists of rows with their final columns."""
    _wrap_process(cls, _yielding_lists)


def process_of(step: Any) -> Callable[..., Any]:
    """Return the `process` of a step over single rows: the author's own, if nothing is to be renamed.

        process = process_of(Select(only=["text"]))
        process({"text": "a", "id": 1})  # {"text": "a"}

    For many rows: the call in between takes as long as a short step.
    """
    process: Callable[..., Any] = step.process
    own = _OWN.get(getattr(process, "__func__", process))
    return process if own is None or step.output_mappings else MethodType(own, step)


def many_of(step: Any) -> Callable[..., Iterable[Any]] | None:
    """Return the `process_many` of a step over single rows, if that belongs to its `process`.

    None if the step has none, if rows are to be renamed, or if a subclass has overridden `process` alone.
    """
    defining = (vars(cls).keys() & {"process", "process_many"} for cls in type(step).__mro__)
    last = next((names for names in defining if names), set())
    if step.output_mappings or "process_many" not in last:
        return None
    many: Callable[..., Iterable[Any]] = step.process_many
    return many


def _wrap_process(cls: type, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    process = cls.__dict__.get("process")
    if process is not None and not hasattr(process, _FINISHED):
        cls.process = finished(wrap(process))  # type: ignore[attr-defined]


def _renaming_rows(process: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(process)
    def with_final_columns(self: _RenamingStep, *args: Any, **kwargs: Any) -> Any:
        made = process(self, *args, **kwargs)
        # The common case first: a call of `_renames` takes as long as a simple filter.
        if not self.output_mappings or not _renames(self, with_final_columns):
            return made
        names = self._process_mappings()
        return [renamed(row, names) for row in as_rows(made, self.name)]

    _OWN[with_final_columns] = process
    return with_final_columns


def _renaming_all_rows(process: Callable[..., Iterable[Any]]) -> Callable[..., Iterable[Any]]:
    @wraps(process)
    def with_final_columns(self: _RenamingStep, *inputs: Iterable[Row]) -> Iterable[Any]:
        made = process(self, *inputs)
        if not _renames(self, with_final_columns):
            return made
        given = rows_given(made, self.name)
        return (renamed(row, self.output_mappings) for item in given for row in as_rows(item, self.name))

    return with_final_columns


def _renames(step: _RenamingStep, process: Callable[..., Any]) -> bool:
    """Whether this `process` renames: not if a subclass calls it, since that expects the original names."""
    return bool(step.output_mappings) and getattr(type(step), "process", None) is process


def _yielding_lists(process: Callable[..., GeneratorOutput]) -> Callable[..., Iterator[list[Row]]]:
    @wraps(process)
    def with_final_columns(self: _AddingSource, offset: int = 0) -> Iterator[list[Row]]:
        yielded = process(self, offset) if offset else process(self)
        names = self.output_mappings if _renames(self, with_final_columns) else {}
        return normalised(yielded, self.name, names, self._added_columns())

    return with_final_columns
