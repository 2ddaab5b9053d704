"""Reading and writing rows as Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import DatasetError
from seedbed.store.column_names import check_names
from seedbed.store.columnar import numbered_rows, unskipped
from seedbed.store.one_pass import write_batches
from seedbed.store.read_options import Placed, Reading, Skip
from seedbed.store.row_chunks import BATCH_ROWS

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# A row group is in memory whole, in every reader too. Small ones compress less and have more metadata:
# pyarrow's own default of 1,048,576 rows would be gigabytes of text.
GROUP_ROWS = 10_000
GROUP_BYTES = 64 * 2**20


def write_parquet(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write all rows, in two passes if their types change, with one row group in memory at a time."""
    write_batches(rows, types, partial(_opened, path))


@contextmanager
def _opened(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema) as writer:
        group = _Group(writer, schema)
        yield group.add
        group.end()


class _Group:
    """Batches of a Parquet file, written as a row group once there are enough."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Add some rows, which may end the group."""
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self.end()

    def end(self) -> None:
        """Write the group, if it has rows."""
        import pyarrow as pa

        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches, schema=self._schema))
        self._batches, self._rows, self._bytes = [], 0, 0


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
