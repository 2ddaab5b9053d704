"""The types of an input's columns, as far as they're certain before it's read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.store.row_files import RowFiles
from seedbed.tasks.columns.types_of_rows import type_of_values

_TEXTS = frozenset({".csv", ".tsv"})


def column_types(
    source: object, schema: bytes | None, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the type of each column: text in CSV, that of an Arrow schema, or of the values in all rows.

    `rows` are all rows of the source, or none if it may have more. A type that isn't certain is None.
    """
    if isinstance(source, RowFiles) and source.formats <= _TEXTS:
        return dict.fromkeys(names, str | None)
    if schema is not None:
        known = _of_schema(schema)
        return {name: known.get(name) for name in names}
    return {name: type_of_values([row[name] for row in rows if name in row]) for name in names}


def _of_schema(schema: bytes) -> dict[str, Any]:
    import pyarrow as pa

    types = pa.types
    found: dict[str, Any] = {}
    for field in pa.ipc.read_schema(pa.py_buffer(schema)):
        kind = field.type
        if types.is_integer(kind) or types.is_floating(kind):
            found[field.name] = float | None
        elif types.is_string(kind) or types.is_large_string(kind):
            found[field.name] = str | None
        elif types.is_boolean(kind):
            found[field.name] = bool | None
    return found
