"""Rows as an Arrow IPC file (also called Feather), there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.errors import DatasetError
from seedbed.store.columnar import batches_of, rows_of, schema_of
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

_FILE_MAGIC = b"ARROW1"


def write_arrow(rows: Iterable[bytes], path: Path) -> None:
    """Write all rows in two passes over them; a batch is all that is held in memory."""
    import pyarrow as pa

    _write(rows, path, pa.ipc.new_file)


def write_arrow_stream(rows: Iterable[bytes], path: Path) -> None:
    """Write what `write_arrow` writes in the format of streams, which has no index of batches."""
    import pyarrow as pa

    _write(rows, path, pa.ipc.new_stream)


def read_arrow(path: Path) -> Iterator[Row]:
    """Yield the rows batch by batch, of the file or the stream format.

    Raises `DatasetError` where the file or a column cannot be read.
    """
    import pyarrow as pa

    try:
        with pa.OSFile(str(path), "rb") as file:
            streamed = file.read(len(_FILE_MAGIC)) != _FILE_MAGIC
            file.seek(0)
            if streamed:
                reader = pa.ipc.open_stream(file)
                yield from rows_of(path, reader.schema, reader)
            else:
                whole = pa.ipc.open_file(file)
                batches = (whole.get_batch(index) for index in range(whole.num_record_batches))
                yield from rows_of(path, whole.schema, batches)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"'{path}' cannot be read as Arrow: {error}") from error


def _write(rows: Iterable[bytes], path: Path, new: Callable[[pa.NativeFile, pa.Schema], Any]) -> None:
    import pyarrow as pa

    schema = schema_of(rows)
    with pa.OSFile(str(path), "wb") as file, new(file, schema) as writer:
        for batch in batches_of(rows, schema):
            writer.write_batch(batch)
