"""Checks the types of options from Python, before calls are paid for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Set
from numbers import Integral, Real

from seedbed.engine.sources.id_columns import IdColumns
from seedbed.errors import UsageError
from seedbed.llm.llm import LLM
from seedbed.plugins.registry import Registry


def check_whole(**numbers: object) -> None:
    """Raise UsageError for a value that is neither a whole number nor None."""
    for name, value in numbers.items():
        if value is not None and not isinstance(value, Integral):
            raise _wrong(name, value, "a whole number")


def check_real(**numbers: object) -> None:
    """Raise UsageError for a value that is neither a number nor None."""
    for name, value in numbers.items():
        if value is not None and not isinstance(value, Real):
            raise _wrong(name, value, "a number")


def check_names(**names: object) -> None:
    """Raise UsageError for a value that is neither text nor None."""
    for name, value in names.items():
        if value is not None and not isinstance(value, str):
            raise _wrong(name, value, "a text")


def check_path(**paths: object) -> None:
    """Raise UsageError for a value that is neither a path nor None."""
    for name, value in paths.items():
        if value is not None and not isinstance(value, (str, os.PathLike)):
            raise _wrong(name, value, "a path")


def check_llm(llm: object) -> None:
    """Raise UsageError for a value that is neither an LLM nor None."""
    if isinstance(llm, type) and issubclass(llm, LLM):
        raise UsageError(f"'{llm.__name__}' is a class, not an LLM", f"create one: {llm.__name__}(model=...)")
    if llm is not None and not isinstance(llm, LLM):
        raise _wrong("llm", llm, "a reference, such as 'openai/gpt-4.1-mini', or an LLM")


def check_registry(registry: Registry) -> Registry:
    """Return a registry; raise UsageError for another value."""
    if not isinstance(registry, Registry):
        raise _wrong("registry", registry, "a Registry, or None for that of all installed plugins")
    return registry


def id_columns(given: object) -> IdColumns | None:
    """Return the columns that make up the ids of rows; raise UsageError for what names no column."""
    if isinstance(given, Set):
        # An id is made of the columns in their order.
        raise _wrong("id", given, "the name of a column, or a list of names")
    names = column_names("id", given)
    if not names:
        return None
    if not all(names):
        raise UsageError(
            "'id' names a column without a name",
            "name the column with the ids: --id COLUMN (id='COLUMN' in Python)",
        )
    return IdColumns(tuple(dict.fromkeys(names)))


def column_names(option: str, given: object) -> tuple[str, ...] | None:
    """Return the columns that an option names: one, or several; raise UsageError for anything else."""
    if given is None:
        return None
    names = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise _wrong(option, given, "the name of a column, or a list of names")
    return names


def check_callable(**values: object) -> None:
    """Raise UsageError for a value that is neither text, nor None, nor can be called."""
    for name, value in values.items():
        if value is not None and not isinstance(value, str) and not callable(value):
            raise _wrong(name, value, "a name, or a class")


def _wrong(name: str, value: object, wanted: str) -> UsageError:
    # Of other types only the name: the repr of a table may be pages, and that of a client may hold a key.
    shown = f"{value!r:.40}" if isinstance(value, (str, Real)) else f"of type {type(value).__name__}"
    return UsageError(f"'{name}' is {shown}", f"give {wanted}")
