"""Rows as Arrow record batches, there and back, through pyarrow.

A column has the type that `seedbed.store.schema` infers from all rows: bool, int64 (uint64 where
needed), float64, text, list or struct. None, and a column or key that is missing, is null. A column
without one such type holds JSON text and says so in its field's metadata (`seedbed.encoding`:
`json`), from which its values are restored. A column that is always None is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.errors import DatasetError, UsageError
from seedbed.store.schema import BOOL, MIXED, Kind, ListOf, Number, Struct, infer_columns
from seedbed.tasks.rows import Row, encode_value

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 500
_JSON_TEXT = {b"seedbed.encoding": b"json"}


def require_pyarrow() -> None:
    """Raise `UsageError` unless pyarrow is there."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Parquet and Arrow files need the package 'pyarrow': {error}", "pip install 'seedbed[parquet]'"
        ) from error


def schema_of(rows: Iterable[bytes]) -> pa.Schema:
    """Return the columns of encoded rows after one pass over them."""
    import pyarrow as pa

    kinds = infer_columns(map(orjson.loads, rows))
    return pa.schema([_field(name, kind) for name, kind in kinds.items()])


def batches_of(rows: Iterable[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield encoded rows in batches of `schema`, which is that of `schema_of`."""
    import pyarrow as pa

    mixed = _mixed(schema)
    remaining = map(orjson.loads, rows)
    while chunk := list(islice(remaining, BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist([_encoded(row, mixed) for row in chunk], schema=schema)


def rows_of(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    """Yield the rows of a file's batches.

    Dates, times and decimals become text. A column of any other type that JSON lacks raises
    `DatasetError`, before the first row.
    """
    import pyarrow as pa

    readable = _readable_schema(path, schema)
    mixed = _mixed(readable)
    for batch in batches:
        for row in pa.Table.from_batches([batch]).cast(readable).to_pylist():
            yield _decoded(row, mixed)


def _mixed(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if (field.metadata or {}).items() >= _JSON_TEXT.items()]


def _field(name: str, kind: Kind) -> pa.Field[Any]:
    import pyarrow as pa

    return pa.field(name, _arrow_type(kind), metadata=_JSON_TEXT if kind is MIXED else None)


def _arrow_type(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    match kind:
        case Number(fractional=True):
            return pa.float64()
        case Number():
            return pa.uint64() if kind.unsigned else pa.int64()
        case ListOf(item):
            return pa.list_(_arrow_type(item))
        case Struct(fields):
            return pa.struct([pa.field(key, _arrow_type(field)) for key, field in fields.items()])
    return pa.bool_() if kind is BOOL else pa.string()


def _readable_schema(path: Path, schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa
    from pyarrow import types

    doubled = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if doubled is not None:
        raise DatasetError(f"'{path}' has two columns named {doubled!r}", "rename one of them")
    fields = []
    for field in schema:
        kind = field.type
        if types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind) or types.is_decimal(kind):
            field = field.with_type(pa.string())
        elif not _is_json(kind):
            raise DatasetError(
                f"column {field.name!r} of '{path}' is of type '{kind}', which a row cannot hold",
                "convert it to text, numbers, lists or structs, or leave it out",
            )
        fields.append(field)
    return pa.schema(fields)


def _is_json(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind):
        return _is_json(kind.value_type)
    if types.is_struct(kind):
        return all(_is_json(field.type) for field in kind)
    numbers = (types.is_null, types.is_boolean, types.is_integer, types.is_float32, types.is_float64)
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    return any(check(kind) for check in numbers + texts)


def _encoded(row: Row, mixed: list[str]) -> Row:
    return {**row, **{name: encode_value(row[name]) for name in mixed if row.get(name) is not None}}


def _decoded(row: dict[str, Any], mixed: list[str]) -> Row:
    for name in mixed:
        if row[name] is not None:
            row[name] = orjson.loads(row[name])
    return row
