"""Encoded rows to a file that a user names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from seedbed.errors import DatasetError, UsageError
from seedbed.store.atomic_replace import hidden_beside, replacing
from seedbed.store.formats import FOLDERS, writer_of
from seedbed.store.hf_folder import is_hf_folder

INPUT_TYPES = "input types"
"""The name of the mark under which a run keeps the serialised Arrow schema of its input."""


def check_target(path: Path) -> None:
    """Raise `UsageError` for what can be known to be wrong with `path` before there are rows for it.

    That is: an unknown ending, a missing package, a folder that is missing or cannot be written to,
    a file or folder that a dataset must not replace.
    """
    writer_of(path)
    try:
        _check_place(path)
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is no name of a file: {error}") from error
    except OSError as error:
        raise UsageError(
            f"'{path}' cannot be written: {error.strerror}", "choose a folder where you may make files"
        ) from error


def _check_place(path: Path) -> None:
    if obstacle := _obstacle(path):
        raise UsageError(*obstacle)
    place = path.resolve()
    if not place.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}'", f"mkdir -p '{path.parent}'")
    probe = hidden_beside(place)
    probe.touch(exist_ok=False)
    probe.unlink()


def export_rows(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> int:
    """Make `path` of encoded rows, in the format of its ending, and return their number.

    `rows` gives each row as one JSON object without a line end (see `encode_row`) and can be iterated
    more than once. `types` is the serialised Arrow schema of the run's input, whose types columns of
    Parquet, Arrow and Hugging Face datasets keep where their values are still of them. The complete
    file replaces what was there in one step (a folder in two).

    Raises `UsageError` for an ending that is unknown, and `DatasetError` where the file cannot be written;
    what was there before stays then.
    """
    write = writer_of(path)
    if obstacle := _obstacle(path):
        raise DatasetError(*obstacle)
    pinned = _Pinned(rows)
    try:
        with replacing(path) as made:
            write(pinned, made, types)
    except OSError as error:
        raise DatasetError(f"'{path}' cannot be written: {error.strerror or error}") from error
    return pinned.count


def _obstacle(path: Path) -> tuple[str, str] | None:
    """Return what is there that a dataset must not replace: a fact, and advice."""
    if not path.exists():
        return None
    if path.suffix.lower() in FOLDERS:
        fine = is_hf_folder(path)
        return None if fine else (f"'{path}' is there and is no dataset's folder", "name a new folder")
    if path.is_file():
        return None
    return f"'{path}' is {'a folder' if path.is_dir() else 'not an ordinary file'}", "name a file to write to"


class _Pinned:
    """The rows that there were in the first pass, in every pass: a run may go on while it is exported."""

    def __init__(self, rows: Iterable[bytes]) -> None:
        self._rows = rows
        self._whole = False
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        if self._whole:
            yield from islice(self._rows, self.count)
            return
        for row in self._rows:
            self.count += 1
            yield row
        self._whole = True
