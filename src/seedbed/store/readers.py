"""Reading rows from the file that a user names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store.arrow_file import arrow_types
from seedbed.store.columnar import require_pyarrow
from seedbed.store.formats import Reader, is_text, reader_of
from seedbed.store.hf_folder import data_files, is_saved_dataset, read_hf_folder, splits_in
from seedbed.store.read_options import Placed, Reading
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row


def read_rows(path: Path, reading: Reading | None = None) -> Iterator[Row]:
    """Return the rows of a file, or of a folder of Hugging Face `datasets`; each is read when it's needed.

        for row in read_rows(Path("questions.jsonl")):
            print(row["question"])

    Raises `UsageError` at once if there's no such file or its ending is unknown. The iterator raises
    `DatasetError`, naming file and line, if the content isn't rows. A value that JSON doesn't have, such as
    NaN, is read as the closest that JSON has, and noted once.
    """
    placed = read_placed(path, reading)
    return (row for _, row in placed)


def read_placed(path: Path, reading: Reading | None = None) -> Iterator[Placed]:
    """Return the same rows as `read_rows`, each with its line, item or row number in the file."""
    reading = reading or Reading()
    reading.check()
    if not path.exists():
        raise UsageError(f"there is no file '{path}'", *did_you_mean(path.name, _names_beside(path)))
    if path.is_dir():
        return _of_folder(path)(path, reading)
    read = reader_of(path)
    if reading.encoding is not None and not is_text(path):
        raise UsageError(f"'{path}' isn't a text file and has no encoding", "leave out --encoding")
    # Here and not in the iterator: a file that can't be opened is found before the run begins.
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}") from error
    return read(path, reading)


def types_in(path: Path) -> bytes | None:
    """Return the schema of a Parquet or Arrow file, serialised by Arrow; None for any other file.

    It's None for a file that can't be read, too: reading its rows raises the error.
    """
    ending = path.suffix.lower()
    if not (is_saved_dataset(path) or ending in (".parquet", ".arrow", ".feather")):
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.is_dir():
            schema = arrow_types(data_files(path)[0])
        else:
            schema = pq.read_schema(path) if ending == ".parquet" else arrow_types(path)
    except (pa.ArrowException, OSError, IndexError):
        return None
    return schema.serialize().to_pybytes()


def _of_folder(path: Path) -> Reader:
    if is_saved_dataset(path):
        require_pyarrow()
        return read_hf_folder
    splits = splits_in(path)
    if splits:
        raise UsageError(
            f"'{path}' holds several datasets: {', '.join(splits)}", f"name one of them: {path / splits[0]}"
        )
    raise UsageError(f"'{path}' is a folder, not a file of rows", "name a file in it")


def _names_beside(path: Path) -> list[str]:
    folder = path.parent
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
