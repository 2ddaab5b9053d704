"""The values that a row may hold, and its encoding as a JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import orjson

from seedbed.errors import InvalidRowError
from seedbed.llm.json_text import compact
from seedbed.tasks.values import plain_value

Row: TypeAlias = dict[str, Any]
"""Columns by name; the values are str, int, float, bool, None, and lists and dictionaries of these."""

GeneratorOutput: TypeAlias = Iterator[Any]
"""What a generator's `process` yields: a row, a list of rows, or `(rows, last)`, each time."""

GeneratorStepOutput: TypeAlias = GeneratorOutput
"""distilabel's name for `GeneratorOutput`."""

MAX_DEPTH = 128
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1

SCALARS = frozenset({str, float, bool, type(None), int})
"""Types of values that JSON has, and that nobody can change."""

_EXACT = SCALARS - {float}

STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
"""How rows are encoded: what isn\'t JSON has a form of ours, not that of orjson."""


class _NotJSON(Exception):
    """Why a value can't be JSON: a fact, then advice."""

    def __init__(self, fact: str, *advice: str) -> None:
        super().__init__(fact)
        self.fact, self.advice = fact, advice


def checked_row(row: object) -> Row:
    """Return `plain_row(row)`, if all of it can be written; raise `InvalidRowError` if not."""
    plain = plain_row(row)
    check_text(plain)
    return plain


def check_text(plain: Row) -> None:
    """Raise `InvalidRowError` for text or integers in a plain row that can't be written."""
    _dump(plain)


def plain_row(row: object, private: str | None = None) -> Row:
    """Return the row with all values converted to JSON values; the same object if none needs it.

    Dates, decimals, numpy scalars and the like each have one form, see `seedbed.tasks.values`. Columns whose
    name begins with `private` aren't converted. Raises `InvalidRowError`, naming column and type, for a value
    that can't be converted, for nesting of more than 128 levels, and for integers of more than 64 bits.
    """
    given = row if type(row) is dict else plain_value(row)
    if type(given) is not dict:
        raise InvalidRowError(
            f"a row is a dictionary of columns, not {_article(row)}", "return {'column': value, ...}"
        )
    row = given
    changed: Row = {}
    for name, value in row.items():
        if type(name) is not str or (
            type(value) not in SCALARS and not (private and name.startswith(private))
        ):
            plain = _plain_column(name, value, row)
            if plain is not value or type(name) is not str:
                changed[name] = plain
    if not changed:
        return row
    return {_text(name): changed.get(name, value) for name, value in row.items()}


def encode_row(row: object) -> bytes:
    """Return the row as one JSON object without a newline; raises what `plain_row` raises.

    Text that isn't ASCII is not escaped. NaN and the infinities, which JSON lacks, become null.
    """
    # The common case first: this runs for every row and step.
    if type(row) is dict and SCALARS.issuperset(map(type, row.values())):
        # Not `contextlib.suppress`, which takes as long as the encoding itself.
        try:
            return compact(orjson.dumps(row, option=STRICT))
        except TypeError:
            pass
    return compact(_dump(plain_row(row)))


def is_flat(row: Row) -> bool:
    """Whether a row has only texts, integers, booleans and None: decoded from its JSON, it's the same row."""
    # No floats: JSON lacks NaN and the infinities, and a JSON integer beyond 64 bits is read as a float.
    return _EXACT.issuperset(map(type, row.values()))


def encode_value(value: Any) -> str:
    """Return one value of a row as JSON text."""
    return orjson.dumps(value).decode()


def _plain_column(name: object, value: object, row: Row) -> Any:
    if not isinstance(name, str):
        raise InvalidRowError(f"the name of column {name!r} is {_article(name)}, not a str")
    try:
        return _plain(value, [row])
    except _NotJSON as problem:
        raise InvalidRowError(f"column {name!r} {problem.fact}", *problem.advice) from None


def _dump(row: Row) -> bytes:
    try:
        return orjson.dumps(row, option=STRICT)
    except TypeError as error:
        for name, value in row.items():
            if _has_long_integer(value):
                raise InvalidRowError(
                    f"column {name!r} holds an int of more than 64 bits", "write it as text: str(value)"
                ) from error
        name = next((name for name in row if not _is_unicode({name: row[name]})), "")
        raise InvalidRowError(
            f"column {name!r} holds text that is not valid Unicode (half of a surrogate pair)"
        ) from error


def _has_long_integer(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_has_long_integer, value))
    if isinstance(value, dict):
        return any(map(_has_long_integer, value.values()))
    return isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER


def _is_unicode(row: Row) -> bool:
    try:
        orjson.dumps(row)
    except TypeError:
        return False
    return True


def _plain(value: Any, parents: list[object]) -> Any:
    """Return the JSON form of `value`, which is inside `parents`; the same object if it already is one."""
    kind = type(value)
    if kind in SCALARS:
        return value
    plain = value if kind is list or kind is dict else plain_value(value)
    if isinstance(plain, list | dict):
        if len(parents) >= MAX_DEPTH:
            raise _depth_problem([*parents, value])
        parents.append(value)
        plain = _plain_list(plain, parents) if isinstance(plain, list) else _plain_dict(plain, parents)
        parents.pop()
        return plain
    if type(plain) not in SCALARS:
        if plain is value:
            raise _NotJSON(f"holds {_article(value)}, which is not a JSON value", _conversion(value))
        return _plain(plain, [*parents, value])
    return plain


def _plain_list(items: list[Any], parents: list[object]) -> list[Any]:
    if all(type(item) in SCALARS for item in items):
        return items
    plain = [_plain(item, parents) for item in items]
    return plain if any(new is not old for new, old in zip(plain, items, strict=True)) else items


def _plain_dict(items: dict[Any, Any], parents: list[object]) -> dict[str, Any]:
    for key in items:
        if not isinstance(key, str):
            raise _NotJSON(f"holds a dict whose key {key!r} is {_article(key)}, not a str", "use str(key)")
    plain = {_text(key): _plain(value, parents) for key, value in items.items()}
    same = all(
        new is old and type(key) is str for new, (key, old) in zip(plain.values(), items.items(), strict=True)
    )
    return items if same else plain


def _text(name: str) -> str:
    return name if type(name) is str else str(plain_value(name))


def _depth_problem(parents: list[object]) -> _NotJSON:
    if len({id(parent) for parent in parents}) < len(parents):
        return _NotJSON("contains itself", "put a value into it, not the row or list that it is part of")
    return _NotJSON(f"is nested more than {MAX_DEPTH} levels deep", "write it as text: json.dumps(value)")


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _conversion(value: object) -> str:
    if hasattr(value, "isoformat"):
        return "use value.isoformat()"
    if hasattr(value, "__next__"):
        return "use a list: list(value)"
    return "make it text, a number, a list or a dictionary"
