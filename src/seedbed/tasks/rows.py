"""What a row may hold, and its one encoding: a JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import orjson

from seedbed.errors import InvalidRowError

Row: TypeAlias = dict[str, Any]
"""Columns by name; the values are str, int, float, bool, None, and lists and dictionaries of these."""

GeneratorOutput: TypeAlias = Iterator[Any]
"""What `process` of a generator yields: a row, a list of rows, or `(rows, last)`, each time."""

MAX_DEPTH = 128
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1

_SCALARS = frozenset({str, float, bool, type(None), int})

_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


def check_row(row: object) -> None:
    """Raise `InvalidRowError`, naming column and type, unless `row` is a dictionary of JSON values.

    Types are exact: a tuple, an enum or a numpy scalar is refused, since it would come back from a
    file as something else. Integers have at most 64 bits, nesting has at most 128 levels.
    """
    encode_row(row)


def encode_row(row: object) -> bytes:
    """Return the row as one JSON object without a line end; raise what `check_row` raises.

    Text that is not ASCII stays as it is. NaN and the infinities, which JSON lacks, become null.
    """
    if type(row) is not dict:
        raise InvalidRowError(
            f"a row is a dictionary of columns, not {_article(row)}", "return {'column': value, ...}"
        )
    for name, value in row.items():
        if type(value) not in _SCALARS or type(name) is not str:
            _check_column(name, value, row)
    return _dump(row)


def encode_value(value: Any) -> str:
    """Return one value of a row as JSON text."""
    return orjson.dumps(value).decode()


def _check_column(name: object, value: object, row: Row) -> None:
    if type(name) is not str:
        raise InvalidRowError(f"the name of column {name!r} is {_article(name)}, not a str")
    problem = _problem(value, [row])
    if problem:
        raise InvalidRowError(f"column {name!r} {problem[0]}", *problem[1:])


def _dump(row: Row) -> bytes:
    try:
        return orjson.dumps(row, option=_STRICT)
    except TypeError as error:
        for column, value in row.items():
            _check_column(column, value, row)
        name = next((name for name in row if not _is_unicode({name: row[name]})), None)
        raise InvalidRowError(
            f"column {name!r} holds text that is not valid Unicode (half of a surrogate pair)"
        ) from error


def _is_unicode(row: Row) -> bool:
    try:
        orjson.dumps(row)
    except TypeError:
        return False
    return True


def _problem(value: object, parents: list[object]) -> tuple[str, ...] | None:
    """Return what keeps `value`, found inside `parents`, from being JSON: a fact, then advice."""
    kind = type(value)
    if kind is str or kind is float or kind is bool or value is None:
        return None
    if kind is int:
        return _integer_problem(cast(int, value))
    if kind is list or kind is dict:
        return _container_problem(cast("list[Any] | dict[Any, Any]", value), parents)
    return f"holds {_article(value)}, which is not a JSON value", _conversion(value)


def _integer_problem(value: int) -> tuple[str, ...] | None:
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return None
    return "holds an int of more than 64 bits", "write it as text: str(value)"


def _container_problem(
    container: list[Any] | dict[Any, Any], parents: list[object]
) -> tuple[str, ...] | None:
    if len(parents) >= MAX_DEPTH:
        return _depth_problem([*parents, container])
    parents.append(container)
    if isinstance(container, dict):
        for key in container:
            if type(key) is not str:
                return f"holds a dict whose key {key!r} is {_article(key)}, not a str", "use str(key)"
    for value in container.values() if isinstance(container, dict) else container:
        problem = _problem(value, parents)
        if problem:
            return problem
    parents.pop()
    return None


def _depth_problem(parents: list[object]) -> tuple[str, ...]:
    if len({id(parent) for parent in parents}) < len(parents):
        return "contains itself", "put a value into it, not the row or list that it is part of"
    return f"is nested more than {MAX_DEPTH} levels deep", "write it as text: json.dumps(value)"


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _conversion(value: object) -> str:
    if hasattr(value, "model_dump"):
        return "use value.model_dump(mode='json')"
    if hasattr(value, "isoformat"):
        return "use value.isoformat()"
    if hasattr(value, "tolist"):
        return "use value.tolist()"
    if isinstance(value, (tuple, set, frozenset)):
        return "use a list"
    return "make it text, a number, a list or a dictionary"
