"""Reading and writing rows as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import DatasetError
from seedbed.store.columnar import BATCH_ROWS, ColumnarRows, check_names, numbered_rows, unskipped
from seedbed.store.read_options import Placed, Reading, Skip

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# A row group is in memory whole, in every reader too. Small ones compress less and have more metadata:
# pyarrow's own default of 1,048,576 rows would be gigabytes of text.
GROUP_ROWS = 10_000
GROUP_BYTES = 64 * 2**20


def write_parquet(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write all rows in two passes over them, with one row group in memory at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columnar = ColumnarRows(rows, types)
    with pq.ParquetWriter(path, columnar.schema) as writer:
        for group in _groups(columnar.batches()):
            writer.write_table(pa.Table.from_batches(group, schema=columnar.schema))


def read_parquet(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the rows batch by batch, each with its number.

    Columns that aren't wanted aren't read. Raises `DatasetError` if the file can't be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            check_names(f"'{path}'", schema.names)
            wanted = [name for name in schema.names if reading.wants(name)]
            schema = pa.schema([schema.field(name) for name in wanted])
            first = _first_group(file, reading.skip)
            start = sum(file.metadata.row_group(group).num_rows for group in range(first))
            groups = list(range(first, file.metadata.num_row_groups))
            batches = file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups, columns=wanted)
            counted = unskipped(batches, reading.skip, start)
            yield from numbered_rows(f"'{path}'", schema, counted, reading.noting(f"'{path}'"))
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"'{path}' cannot be read as Parquet: {error}") from error


def _first_group(file: pq.ParquetFile, skip: Skip) -> int:
    """Pass over the row groups of which no row is wanted; return the number of the next one."""
    number = 0
    while number < file.metadata.num_row_groups and skip.passes(file.metadata.row_group(number).num_rows):
        number += 1
    return number


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(b.num_rows for b in group) >= GROUP_ROWS or sum(b.nbytes for b in group) >= GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group
