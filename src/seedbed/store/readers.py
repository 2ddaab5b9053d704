"""Reading rows from the file that a user names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store.arrow_file import arrow_types
from seedbed.store.columnar import require_pyarrow
from seedbed.store.format_calls import read_with
from seedbed.store.formats import format_of
from seedbed.store.hf_folder import data_files, is_saved_dataset, read_hf_folder, splits_in
from seedbed.store.read_options import Placed, Reading, Skip
from seedbed.store.text_file import COMPRESSED, encoding_of, opened, undecodable, unpacked
from seedbed.suggestions import similar_files
from seedbed.tasks.files import refuse_pipe
from seedbed.tasks.rows import Row

_POINTER = b"version https://git-lfs.github.com/spec/"


def read_rows(
    path: Path | Sequence[Path],
    reading: Reading | None = None,
    *,
    skip: int = 0,
    endings: Sequence[str] = (),
) -> Iterator[Row]:
    """Return the rows of files, or of folders of Hugging Face `datasets`; each is read when it's needed.

        for row in read_rows(Path("questions.jsonl")):
            print(row["question"])

    The first `skip` rows are passed over, without parsing them where the format allows that. If `endings`
    are given, a file whose name has none of them is read as if it had the first.

    Raises `UsageError` at once if there's no such file or its ending is unknown. The iterator raises
    `DatasetError`, naming file and line, if the content isn't rows. A value that JSON doesn't have, such as
    NaN, is read as the closest that JSON has, and noted once.
    """
    reading = reading or Reading()
    if skip:
        # One object for all files: what the first one is too short for is passed over in the next.
        reading = replace(reading, skip=Skip(skip))
    paths = [path] if isinstance(path, Path) else path
    files = [read_placed(one, reading, ending_among(endings, one)) for one in paths]
    return (row for file in files for _, row in file)


def read_placed(path: Path, reading: Reading | None = None, ending: str = "") -> Iterator[Placed]:
    """Return the same rows as `read_rows`, each with its line, item or row number in the file.

    Rows that `reading.skip` counts are passed over, and it's lowered for each.
    """
    reading = reading or Reading()
    reading.check()
    if not _exists(path):
        raise UsageError(f"there is no file '{path}'", *similar_files(path))
    refuse_pipe(path)
    if path.is_dir():
        return remaining(reading.skip, _of_folder(path)(path, reading))
    found = format_of(renamed(path, ending), "read", reading.registry)
    if reading.encoding is not None and not found.is_text:
        raise UsageError(
            f"'{path}' isn't a text file and has no encoding", "leave out --encoding (encoding= in Python)"
        )
    # Here and not in the iterator: a file that can't be opened is found before the run begins.
    _refuse_pointer(path)
    return remaining(reading.skip, read_with(found, path, reading))


def _refuse_pointer(path: Path) -> None:
    """Raise UsageError for a file that can't be opened, or stands for one that Git LFS has elsewhere."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_POINTER))
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}") from error
    if start == _POINTER:
        raise UsageError(f"'{path}' is a pointer of Git LFS, not the file itself", "fetch it: git lfs pull")


def remaining(skip: Skip, given: Iterable[Placed]) -> Iterator[Placed]:
    """Yield the rows without those that are still to be skipped: not every format can pass over them."""
    rows = iter(given)
    while skip.left:
        if (placed := next(rows, None)) is None:
            return
        # Reading it may have passed over all that was left to be skipped.
        if not (skip.left and skip.passes(1)):
            yield placed
    yield from rows


def ending_among(endings: Sequence[str], path: Path) -> str:
    """Return the ending to read a file by; empty if it's that of its name."""
    return "" if unpacked(path).suffix.lower() in endings else next(iter(endings), "")


def renamed(path: Path, ending: str) -> Path:
    """Return the path with a name of this ending, if there's one to read the file by."""
    return path.with_name(f"rows{ending}{_packed_as(path)}") if ending else path


def _packed_as(path: Path) -> str:
    return path.suffix.lower() if path.suffix.lower() in COMPRESSED else ""


def read_text(path: Path, encoding: str | None = None) -> str:
    """Return the text of a file, which may be compressed and have a byte order mark; lines end in `\\n`.

    Raises `UsageError` if there's no such file, and `DatasetError` if it isn't text in that encoding.
    """
    Reading(encoding).check()
    if not path.is_file():
        raise UsageError(f"there is no file '{path}'", *similar_files(path))
    _refuse_pointer(path)
    with opened(path) as file:
        found = encoding_of(file, encoding)
        try:
            return file.read().decode(found).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as error:
            raise undecodable(f"'{path}'", found, error) from error


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


def _of_folder(path: Path) -> Callable[[Path, Reading], Iterator[Placed]]:
    if is_saved_dataset(path):
        require_pyarrow()
        return read_hf_folder
    splits = splits_in(path)
    if splits:
        raise UsageError(
            f"'{path}' holds several datasets: {', '.join(splits)}", f"name one of them: {path / splits[0]}"
        )
    endings = Counter(entry.suffix for entry in path.iterdir() if entry.suffix and entry.is_file())
    pattern = [f"or several by a pattern: '{path}/*{most[0]}'" for most in endings.most_common(1)]
    raise UsageError(f"'{path}' is a folder, not a file of rows", "name a file in it", *pattern)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise UsageError(f"'{path!s:.200}' cannot be read: {error.strerror}") from error
