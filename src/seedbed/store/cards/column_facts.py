"""The columns of a dataset for its card: their types in words, and an example of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from seedbed.store.column_schema import BOOL, MIXED, NULL, TEXT, Kind, ListOf, Number, Struct, infer_columns
from seedbed.tasks.rows import Row, encode_value

_LOOKED_AT = 100


class Column(NamedTuple):
    """A column: its name, its type in words, and the value of the first row that has one."""

    name: str
    type: str
    example: str


def columns_of(rows: Iterable[bytes], kinds: Mapping[str, Kind] | None = None) -> list[Column]:
    """Return the columns of encoded rows; `kinds` are their types, if they're known."""
    found = infer_columns(map(orjson.loads, rows)) if kinds is None else kinds
    examples: Row = {}
    for number, row in enumerate(map(orjson.loads, rows)):
        examples = {**{name: value for name, value in row.items() if value is not None}, **examples}
        if number >= _LOOKED_AT or examples.keys() >= found.keys():
            break
    return [Column(name, type_text(kind), _shown(examples.get(name))) for name, kind in found.items()]


def type_text(kind: Kind) -> str:
    """Return a type in words: `list of {role: text, content: text}`."""
    match kind:
        case Number():
            return "float" if kind.fractional else "integer"
        case ListOf(item):
            return f"list of {type_text(item)}" if item is not NULL else "list"
        case Struct(fields):
            return f"{{{', '.join(f'{name}: {type_text(field)}' for name, field in fields.items())}}}"
    return {BOOL: "boolean", TEXT: "text", MIXED: "JSON text", NULL: "always null"}[kind]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode_value(value)
