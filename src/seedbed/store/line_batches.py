"""Encoded rows to Arrow record batches by Arrow's own JSON reader, which makes no Python object of a value.

It takes a third of the time of `seedbed.store.columnar`, and most of it without the interpreter's lock. Nor
does it import pandas, as pyarrow does to convert the first Python object: that takes a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedbed.store.arrow_values import Array
from seedbed.store.column_schema import BOOL, EXACT_IN_FLOAT, MIXED, NULL, TEXT, Kind, ListOf, Number, Struct

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_BYTES = 2**26
"""Bytes of rows that are read at once; Arrow counts them with 32 bits."""


def batch_of_lines(
    rows: Sequence[bytes], kinds: Mapping[str, Kind], schema: pa.Schema
) -> tuple[pa.RecordBatch, dict[str, Kind]] | None:
    """Return encoded rows as a record batch of a schema, and the types of its columns widened to them.

        batch_of_lines([b'{"n":1}'], {"n": Number()}, pa.schema([("n", pa.int64())]))

    `schema` is that of `kinds`. Returns None if the rows don't fit it, or if that can't be told from what
    Arrow's reader makes of them: then they have to be decoded.
    """
    if not kinds or MIXED in kinds.values() or sum(map(len, rows)) + len(rows) > _MOST_BYTES:
        return None
    table = _read(rows, schema)
    if table is None or table.num_rows != len(rows):
        return None
    batch = table.combine_chunks().to_batches()[0]
    widened = {}
    for name, column in zip(kinds, batch.columns, strict=True):
        kind = _widened(kinds[name], column)
        if kind is None:
            return None
        widened[name] = kind
    return batch, widened


def _read(rows: Sequence[bytes], schema: pa.Schema) -> pa.Table | None:
    import pyarrow as pa
    from pyarrow import json

    data = b"\n".join(rows)
    try:
        return json.read_json(
            pa.BufferReader(data),  # type: ignore[arg-type]  # the stubs name files only
            # One block: it can't end within a row.
            read_options=json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowException:
        return None


def _widened(kind: Kind, values: Array) -> Kind | None:
    """Return a type widened to the values of an array; None if they may not be what the JSON says."""
    if values.null_count == len(values):
        return kind
    if isinstance(kind, Number):
        return _widened_number(kind, values)
    if isinstance(kind, ListOf):
        item = _widened(kind.item, values.flatten())
        return None if item is None else ListOf(item)
    if isinstance(kind, Struct):
        return _widened_struct(kind, values)
    if kind is NULL:
        # Columns without a value are texts.
        return TEXT
    return kind if kind is TEXT or kind is BOOL else None


def _widened_number(kind: Number, values: Array) -> Kind | None:
    import pyarrow.compute as pc

    found: Any = pc.min_max(values).as_py()
    low, high = found["min"], found["max"]
    if kind.fractional:
        # Arrow has rounded larger integers, the next one to this very number.
        return kind if -EXACT_IN_FLOAT < low <= high < EXACT_IN_FLOAT else None
    return replace(kind, low=min(kind.low, low), high=max(kind.high, high))


def _widened_struct(kind: Struct, values: Array) -> Kind | None:
    fields = {}
    # `flatten`, not `field`: keys of a missing dictionary are missing.
    for (name, field), column in zip(kind.fields.items(), values.flatten(), strict=True):
        widened = _widened(field, column)
        if widened is None:
            return None
        fields[name] = widened
    return Struct(fields)
