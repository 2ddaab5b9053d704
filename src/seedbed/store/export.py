"""Writing encoded rows to the file or folder that a user names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seedbed.errors import DatasetError, UsageError
from seedbed.store.atomic_replace import hidden_beside, replacing
from seedbed.store.columnar import require_pyarrow
from seedbed.store.csv_safety import safe_rows
from seedbed.store.formats import format_of
from seedbed.store.output import Output
from seedbed.store.parquet_folder import is_parquet_folder, write_parquet_folder
from seedbed.store.run_queries import RunQueries
from seedbed.store.splits import WHOLE, RowIds, Splits
from seedbed.store.training import TrainingRows, check_form

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry
    from seedbed.store.format import Format

INPUT_TYPES = "input types"
"""The mark of a run that holds the serialised Arrow schema of its input."""


def check_output(output: Output, registry: Registry | None = None) -> None:
    """Raise `UsageError` if a dataset can't be written, as far as that shows before there are rows."""
    if output.form is not None:
        check_form(output.form, output.columns, output.chat_template)
    if output.file is None:
        raise UsageError(f"there is no scheme {output.scheme!r}", "name a file or a folder")
    if not output.is_folder:
        check_target(output.file, registry)
        return
    require_pyarrow()
    _check_writable(output.file, _folder_obstacle)


def check_target(path: Path, registry: Registry | None = None) -> None:
    """Raise `UsageError` if rows can't be written to `path`, as far as that shows before there are rows.

    It finds an unknown ending, a missing package, a folder that is missing or read-only, and a file or
    folder that a dataset must not replace.
    """
    # Called before the first request: a dataset that can't be written mustn't cost money.
    writing = format_of(path, "write", registry)
    _check_writable(path, partial(_obstacle, writing))


def _check_writable(path: Path, obstacle_at: Callable[[Path], tuple[str, str] | None]) -> None:
    try:
        _check_place(path, obstacle_at)
    except ValueError as error:
        raise UsageError(f"{str(path)!r} isn't a file name: {error}") from error
    except OSError as error:
        raise UsageError(
            f"'{path}' cannot be written: {error.strerror}", "choose a folder where you may create files"
        ) from error


def _check_place(path: Path, obstacle_at: Callable[[Path], tuple[str, str] | None]) -> None:
    if obstacle := obstacle_at(path):
        raise UsageError(*obstacle)
    place = path.resolve()
    if not place.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}'", f"mkdir -p '{path.parent}'")
    # Permission bits don't tell for ACLs, read-only mounts and root, so create a file and see.
    probe = hidden_beside(place)
    probe.touch(exist_ok=False)
    probe.unlink()


class Written(NamedTuple):
    """How many rows were written, in all and to each split."""

    rows: int
    splits: Mapping[str, int]

    @property
    def notes(self) -> list[str]:
        """A note if splits have no rows."""
        empty = [name for name, rows in self.splits.items() if not rows]
        if not empty or not self.rows:
            return []
        names = ", ".join(map(repr, empty))
        advice = "rows go to a split by chance, so a share needs rows enough: make more, or raise the share"
        return [f"no row went to the split{'s' if empty[1:] else ''} {names}\n  {advice}"]


def export(
    queries: RunQueries,
    output: Output,
    leaf: str,
    *,
    rows: Iterable[bytes] | None = None,
    seed: int = 0,
    csv_safe: bool = False,
    registry: Registry | None = None,
) -> Written:
    """Write the accepted rows of a run's step to where `output` says; return how many were written.

        export(run, Output("data/", split={"train": 0.9, "test": 0.1}), "qa-pairs")

    `rows` replaces the step's rows, one by one. `seed` decides which row is in which split.
    Raises what `export_rows` raises.
    """
    rows = queries.rows(leaf) if rows is None else rows
    types = None
    if output.form is not None:
        rows = TrainingRows(rows, output.form, output.columns, output.chat_template)
    else:
        kept = queries.get_mark(INPUT_TYPES)
        types = kept if kept and isinstance(kept, bytes) else None
    if output.file is None:
        raise UsageError(f"there is no scheme {output.scheme!r}", "name a file or a folder")
    if output.is_folder:
        splits = Splits(output.split or {WHOLE: 1.0}, seed)
        return _export_folder(rows, RowIds(queries, leaf), output, splits, types)
    return Written(export_rows(safe_rows(rows, csv_safe), output.file, types, registry), {})


def _export_folder(
    rows: Iterable[bytes], ids: Iterable[str], output: Output, splits: Splits, types: bytes | None
) -> Written:
    path = Path(output.path)
    if obstacle := _folder_obstacle(path):
        raise DatasetError(*obstacle)
    try:
        with replacing(path) as made:
            counts = write_parquet_folder(
                _Pinned(rows), ids, made, splits, shard_rows=output.shard_rows, types=types
            )
    except OSError as error:
        raise DatasetError(f"'{path}' cannot be written: {error.strerror or error}") from error
    return Written(counts.total(), dict(counts) if output.split else {})


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
    if obstacle := _obstacle(writing, path):
        raise DatasetError(*obstacle)
    pinned = _Pinned(rows)
    try:
        with replacing(path) as made:
            writing.write(pinned, made, types)
    except OSError as error:
        raise DatasetError(f"'{path}' cannot be written: {error.strerror or error}") from error
    return pinned.count


def _obstacle(writing: Format, path: Path) -> tuple[str, str] | None:
    """Return a fact and advice if a dataset must not replace what is there."""
    if not path.exists() or writing.may_replace(path):
        return None
    if writing.is_folder:
        return f"'{path}' exists and isn't the folder of a dataset", "name a new folder"
    return f"'{path}' is {'a folder' if path.is_dir() else 'not an ordinary file'}", "name a file to write to"


def _folder_obstacle(path: Path) -> tuple[str, str] | None:
    if not path.exists() or is_parquet_folder(path):
        return None
    what = "holds more than a dataset" if path.is_dir() else "is a file"
    return f"'{path}' {what}, and is not replaced", "name a new folder"


class _Pinned:
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
