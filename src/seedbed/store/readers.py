"""Rows from a file that a user names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.plugins.suggest import did_you_mean
from seedbed.store.formats import reader_of
from seedbed.tasks.rows import Row


def read_rows(path: Path) -> Iterator[Row]:
    """Return the rows of a file in the format of its ending, read as they are needed.

    Raises `UsageError` at once where there is no such file or its ending is unknown, and
    `DatasetError`, naming file and line, from the iterator where the content is not rows.
    """
    if not path.exists():
        raise UsageError(f"there is no file '{path}'", *did_you_mean(path.name, _names_beside(path)))
    if path.is_dir():
        raise UsageError(f"'{path}' is a folder, not a file of rows", "name a file in it")
    read = reader_of(path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}") from error
    return read(path)


def _names_beside(path: Path) -> list[str]:
    folder = path.parent
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
