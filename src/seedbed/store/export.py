"""Writing encoded rows to the file that a user names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import DatasetError, UsageError
from seedbed.store.atomic_replace import hidden_beside, replacing
from seedbed.store.format_calls import may_replace, write_with
from seedbed.store.formats import format_of

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry
    from seedbed.store.format import Format


def check_target(path: Path, registry: Registry | None = None) -> None:
    """Raise `UsageError` if rows can't be written to `path`, as far as that shows before there are rows.

    It finds an unknown ending, a missing package, a folder that is missing or read-only, and a file or
    folder that a dataset must not replace.
    """
    # Called before the first request: a dataset that can't be written mustn't cost money.
    writing = format_of(path, "write", registry)
    check_writable(path, partial(_obstacle, writing))


def check_writable(path: Path, obstacle_at: Callable[[Path], tuple[str, str] | None]) -> None:
    """Raise `UsageError` if something is in the way at `path`, or nothing can be written there."""
    try:
        _check_place(path, obstacle_at)
    except ValueError as error:
        raise UsageError(f"{str(path)!r} isn't a file name: {error}") from error
    except RuntimeError as error:
        # Only Python before 3.13 raises it, and takes the name in the message from the file system.
        raise UsageError(
            f"'{path}' is a symbolic link that leads to itself", "remove it, or name another file"
        ) from error
    except OSError as error:
        raise UsageError(
            f"'{path}' cannot be written: {error.strerror}", "choose a folder where you may create files"
        ) from error


def _check_place(path: Path, obstacle_at: Callable[[Path], tuple[str, str] | None]) -> None:
    if obstacle := obstacle_at(path):
        raise UsageError(*obstacle)
    # As `replacing` finds it. `resolve` passes over a folder that's missing before `..`; the system doesn't.
    place = path.resolve() if path.is_symlink() else path
    if not place.parent.is_dir():
        if other := next((one for one in place.parents if one.exists() and not one.is_dir()), None):
            raise UsageError(f"'{other.name}' in '{path}' is a file, not a folder", "name another folder")
        raise UsageError(f"there is no folder '{path.parent}'", f"mkdir -p '{path.parent}'")
    # Permission bits don't tell for ACLs, read-only mounts and root, so create a file and see.
    probe = hidden_beside(place)
    probe.touch(exist_ok=False)
    probe.unlink()


def export_rows(
    rows: Iterable[bytes], path: Path, types: bytes | None = None, registry: Registry | None = None
) -> int:
    """Write encoded rows to `path`, in the format of its ending; return how many there are.

        with RunReader.open(Path("runs/jokes")) as run:
            export_rows(run.rows("jokes"), Path("jokes.parquet"))

    `rows` yields each row as one JSON object without a line end (see `encode_row`), and can be iterated
    more than once. `types` is the serialised Arrow schema of the run's input: columns of Parquet, Arrow
    and Hugging Face datasets keep their type from it if all their values still have it. The complete
    file replaces the old one in one step (a folder in two).

    Raises `UsageError` for an unknown ending, and `DatasetError` if the file can't be written; the old
    file is unchanged then.
    """
    writing = format_of(path, "write", registry)
    pinned = Pinned(rows)
    try:
        if obstacle := _obstacle(writing, path):
            raise no_place(*obstacle)
        with replacing(path) as made:
            write_with(writing, pinned, made, types)
    except OSError as error:
        raise unwritable(path, error) from error
    return pinned.count


def unwritable(path: Path, error: OSError) -> DatasetError:
    """Return that nothing can be written to `path`, as the file system says."""
    # pyarrow's text has the name of a hidden file, and the reason at its end.
    reason = os.strerror(error.errno) if error.errno else str(error)
    return no_place(f"'{path}' cannot be written: {reason}")


def no_place(fact: str, *advice: str) -> DatasetError:
    """Return the error of a dataset that can't be written where it should be; its rows are fine."""
    error = DatasetError(fact, *advice)
    error.is_of_place = True
    return error


def _obstacle(writing: Format, path: Path) -> tuple[str, str] | None:
    """Return a fact and advice if a dataset must not replace what is there."""
    if not path.exists() or may_replace(writing, path):
        return None
    if writing.is_folder:
        return f"'{path}' exists and isn't the folder of a dataset", "name a new folder"
    return f"'{path}' is {'a folder' if path.is_dir() else 'not an ordinary file'}", "name a file to write to"


class Pinned:
    """The rows of the first pass, in every pass: a run may be written while it's exported.

    CSV, Parquet and Arrow take two passes, the first for the columns. A row that came in between could have
    a column that the file's header lacks.
    """

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
