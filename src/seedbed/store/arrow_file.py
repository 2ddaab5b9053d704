"""Reading and writing rows as Arrow IPC files (also called Feather)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.errors import DatasetError
from seedbed.store.column_names import check_names
from seedbed.store.columnar import numbered_rows, unskipped
from seedbed.store.one_pass import write_batches
from seedbed.store.read_options import Placed, Reading

if TYPE_CHECKING:
    import pyarrow as pa

_FILE_MAGIC = b"ARROW1"


def write_arrow(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write all rows, in two passes over them if their types change, with one batch in memory at a time."""
    import pyarrow as pa

    _write(rows, path, types, pa.ipc.new_file)


def write_arrow_stream(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write the same in the stream format, which has no index of batches."""
    import pyarrow as pa

    _write(rows, path, types, pa.ipc.new_stream)


def read_arrow(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the rows of a file in the file or the stream format, each with its number, batch by batch.

    Raises `DatasetError` if the file can't be read.
    """
    import pyarrow as pa

    try:
        # Not memory-mapped: if the file were truncated meanwhile, SIGBUS would end the process.
        with pa.OSFile(str(path), "rb") as file:
            schema, batches = _opened(file)
            check_names(f"'{path}'", schema.names)
            wanted = [name for name in schema.names if reading.wants(name)]
            schema = pa.schema([schema.field(name) for name in wanted])
            chosen = (batch.select(wanted) for batch in batches)
            counted = unskipped(chosen, reading.skip)
            yield from numbered_rows(f"'{path}'", schema, counted, reading.noting(f"'{path}'"))
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"'{path}' cannot be read as Arrow: {error}") from error


def arrow_types(path: Path) -> pa.Schema:
    """Return the schema of a file; raises what pyarrow raises."""
    import pyarrow as pa

    with pa.OSFile(str(path), "rb") as file:
        return _opened(file)[0]


def _opened(file: pa.NativeFile) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
    import pyarrow as pa

    # By content: both formats are called `.arrow`, and `datasets` writes streams.
    streamed = file.read(len(_FILE_MAGIC)) != _FILE_MAGIC
    file.seek(0)
    if streamed:
        reader = pa.ipc.open_stream(file)
        return reader.schema, reader
    whole = pa.ipc.open_file(file)
    return whole.schema, (whole.get_batch(index) for index in range(whole.num_record_batches))


def _write(
    rows: Iterable[bytes],
    path: Path,
    types: bytes | None,
    new: Callable[[pa.NativeFile, pa.Schema], Any],
) -> None:
    import pyarrow as pa

    @contextmanager
    def opened_for(schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], object]]:
        with pa.OSFile(str(path), "wb") as file, new(file, schema) as writer:
            yield writer.write_batch

    write_batches(rows, types, opened_for)
