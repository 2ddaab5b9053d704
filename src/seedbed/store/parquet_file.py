"""Rows as Parquet, there and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import DatasetError
from seedbed.store.columnar import BATCH_ROWS, batches_of, rows_of, schema_of
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 10_000
GROUP_BYTES = 64 * 2**20


def write_parquet(rows: Iterable[bytes], path: Path) -> None:
    """Write all rows in two passes over them; a row group is all that is held in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema_of(rows)
    with pq.ParquetWriter(path, schema) as writer:
        for group in _groups(batches_of(rows, schema)):
            writer.write_table(pa.Table.from_batches(group, schema=schema))


def read_parquet(path: Path) -> Iterator[Row]:
    """Yield the rows batch by batch; raise `DatasetError` where the file or a column cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from rows_of(path, file.schema_arrow, file.iter_batches(batch_size=BATCH_ROWS))
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"'{path}' cannot be read as Parquet: {error}") from error


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(b.num_rows for b in group) >= GROUP_ROWS or sum(b.nbytes for b in group) >= GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group
