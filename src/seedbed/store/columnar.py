"""Rows to Arrow record batches and back, through pyarrow.

A column that came from an Arrow or Parquet file keeps its type if all its values still have it. Any other
column has the type that `seedbed.store.column_schema` infers from all rows: bool, int64 (uint64 if needed),
float64, text, list or struct. None is null, and so is a column or key that a row doesn't have. A column
without one such type holds JSON text, and its field's metadata says so (`seedbed.encoding`: `json`); reading
the file restores its values. A column that is always None is text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from seedbed.errors import UsageError
from seedbed.store.arrow_arrays import array_of
from seedbed.store.arrow_values import Note, values_of
from seedbed.store.column_names import check_fields
from seedbed.store.column_schema import BOOL, MIXED, Kind, ListOf, Number, Struct, infer_columns
from seedbed.store.read_options import Placed, Skip
from seedbed.store.row_chunks import columns_of, decoded_chunks
from seedbed.store.types_kept import KeptTypes
from seedbed.tasks.rows import Row, encode_value

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_KEPT = 2**24
"""Bytes of rows that are kept for the second pass: reading them again takes a third of the time."""
_JSON_TEXT = {b"seedbed.encoding": b"json"}


def require_pyarrow(what: str = "Parquet and Arrow files need") -> None:
    """Raise `UsageError` unless pyarrow can be imported."""
    # Imported, not looked up: an installed pyarrow may still fail, for example for want of a C library.
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"{what} the package 'pyarrow': {error}", "pip install 'seedbed[parquet]'"
        ) from error


class ColumnarRows:
    """Encoded rows as record batches of `schema`, which is inferred in a first pass over them.

    `types` is the serialised Arrow schema of the run's input; columns keep their type from it if they can.
    `count` is the number of rows, `kinds` are the types inferred; if they're given, there's no first pass.
    """

    def __init__(
        self, rows: Iterable[bytes], types: bytes | None = None, kinds: dict[str, Kind] | None = None
    ) -> None:
        self._rows = _SmallRows(rows)
        self._kept = KeptTypes(types)
        self.count = 0
        self.kinds = kinds = infer_columns(self._looked_at()) if kinds is None else kinds
        self._kept.end(list(kinds))
        self.schema = schema_of(kinds, self._kept)

    def _looked_at(self) -> Iterator[Row]:
        for chunk in decoded_chunks(self._rows):
            self._kept.look_at(chunk)
            self.count += len(chunk)
            yield from chunk

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in record batches."""
        for chunk in decoded_chunks(self._rows):
            yield batch_of(chunk, self.schema, self._kept)


def schema_of(kinds: Mapping[str, Kind], kept: KeptTypes | None = None) -> pa.Schema:
    """Return the schema of columns of some types; those that have kept their own have that."""
    import pyarrow as pa

    own = None if kept is None else kept.field
    return pa.schema([(own and own(name)) or _field(name, kind) for name, kind in kinds.items()])


def batch_of(rows: list[Row], schema: pa.Schema, kept: KeptTypes | None = None) -> pa.RecordBatch:
    """Return rows as a record batch of a schema that fits all of them."""
    import pyarrow as pa

    if not len(schema):
        return pa.RecordBatch.from_pylist(rows, schema=schema)
    if mixed := _mixed(schema):
        rows = [_encoded(row, mixed) for row in rows]
    columns = columns_of(rows)
    arrays = []
    for field in schema:
        name = field.name
        values = [row.get(name) for row in rows] if columns is None else columns.get(name, [None] * len(rows))
        array = None if kept is None else kept.array(name, [*values])
        arrays.append(array_of(values, field.type) if array is None else array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


class _SmallRows:
    """Encoded rows that can be iterated several times, kept in memory if they're small altogether."""

    def __init__(self, rows: Iterable[bytes]) -> None:
        self._rows = rows
        self._kept: list[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[bytes] = []
        left = _MOST_KEPT
        for row in self._rows:
            if left > 0:
                kept.append(row)
                left -= sys.getsizeof(row)
            else:
                kept.clear()
            yield row
        self._kept = kept if left > 0 else None


def rows_of(
    what: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch], note: Note = lambda text: None
) -> Iterator[Row]:
    """Yield the rows of a file's or table's batches, each value in its JSON form; `what` names it in errors.

    Raises `DatasetError` if two columns have the same name, or two fields of a struct.
    """
    check_fields(what, schema)
    mixed = _mixed(schema)
    for batch in batches:
        columns = [values_of(column, note) for column in batch.columns]
        names = batch.schema.names
        rows = zip(*columns, strict=True) if columns else ((),) * batch.num_rows
        for row in rows:
            yield _decoded(dict(zip(names, row, strict=True)), mixed)


Counted: TypeAlias = "tuple[int, pa.RecordBatch]"
"""How many rows come before a batch in its file, and the batch."""


def unskipped(batches: Iterable[pa.RecordBatch], skip: Skip, start: int = 0) -> Iterator[Counted]:
    """Yield the batches from the first row that is wanted on; `start` rows come before all of them."""
    for batch in batches:
        rows = batch.num_rows
        if not skip.passes(rows):
            begin, skip.left = skip.left, 0
            yield start + begin, batch.slice(begin)
        start += rows


def numbered_rows(
    what: str, schema: pa.Schema, batches: Iterable[Counted], note: Note = lambda text: None
) -> Iterator[Placed]:
    """Yield what `rows_of` yields, each row with its number in the file."""
    for before, batch in batches:
        yield from enumerate(rows_of(what, schema, [batch], note), start=before + 1)


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


def _encoded(row: Row, mixed: list[str]) -> Row:
    return {**row, **{name: encode_value(row[name]) for name in mixed if row.get(name) is not None}}


def _decoded(row: Row, mixed: list[str]) -> Row:
    for name in mixed:
        if row[name] is not None:
            row[name] = orjson.loads(row[name])
    return row
