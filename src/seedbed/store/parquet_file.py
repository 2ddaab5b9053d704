"""Rows as Parquet, there and back, through pyarrow.

A column has the type that `seedbed.store.schema` infers from all rows: bool, int64 (uint64 where
needed), float64, text, list or struct. None, and a column or key that is missing, is null. A column
without one such type holds JSON text and says so in its field's metadata (`seedbed.encoding`:
`json`), from which `read_parquet` restores its values. A column that is always None is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from seedbed.errors import DatasetError, UsageError
from seedbed.store.schema import BOOL, MIXED, Kind, ListOf, Number, Struct, infer_columns
from seedbed.tasks.rows import Row, encode_value

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 10_000
GROUP_BYTES = 64 * 2**20
_BATCH_ROWS = 500
_JSON_TEXT = {b"seedbed.encoding": b"json"}


def require_pyarrow() -> None:
    """Raise `UsageError` unless Parquet files can be read and written here."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Parquet files need the package 'pyarrow': {error}", "pip install 'seedbed[parquet]'"
        ) from error


def write_parquet(rows: Iterable[Row], file: BinaryIO) -> None:
    """Write all rows in two passes over them; a row group is all that is held in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = infer_columns(rows)
    schema = pa.schema([_field(name, kind) for name, kind in kinds.items()])
    mixed = [name for name, kind in kinds.items() if kind is MIXED]
    with pq.ParquetWriter(file, schema) as writer:
        for batches in _groups(_batches(rows, schema, mixed)):
            writer.write_table(pa.Table.from_batches(batches, schema=schema))


def read_parquet(path: Path) -> Iterator[Row]:
    """Yield the rows batch by batch.

    Dates, times and decimals become text. A column of any other type that JSON lacks raises
    `DatasetError`, before the first row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = _readable_schema(path, file.schema_arrow)
            mixed = [field.name for field in schema if (field.metadata or {}).items() >= _JSON_TEXT.items()]
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in pa.Table.from_batches([batch]).cast(schema).to_pylist():
                    yield _decoded(row, mixed)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"'{path}' cannot be read as Parquet: {error}") from error


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


def _batches(rows: Iterable[Row], schema: pa.Schema, mixed: list[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    remaining = iter(rows)
    while chunk := list(islice(remaining, _BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist([_encoded(row, mixed) for row in chunk], schema=schema)


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(b.num_rows for b in group) >= GROUP_ROWS or sum(b.nbytes for b in group) >= GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


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
    plain = (types.is_null, types.is_boolean, types.is_integer, types.is_float32, types.is_float64)
    return any(check(kind) for check in (*plain, types.is_string, types.is_large_string))


def _encoded(row: Row, mixed: list[str]) -> Row:
    return {**row, **{name: encode_value(row[name]) for name in mixed if row.get(name) is not None}}


def _decoded(row: dict[str, Any], mixed: list[str]) -> Row:
    for name in mixed:
        if row[name] is not None:
            row[name] = orjson.loads(row[name])
    return row
