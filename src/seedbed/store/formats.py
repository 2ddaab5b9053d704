"""File endings, and the readers and writers of each format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from seedbed.errors import UsageError
from seedbed.store.arrow_file import read_arrow, write_arrow
from seedbed.store.columnar import require_pyarrow
from seedbed.store.csv_file import read_csv, read_tsv, write_csv
from seedbed.store.hf_folder import read_hf_folder, write_hf_folder
from seedbed.store.json_file import read_json_lines, read_json_list, write_json_lines
from seedbed.store.parquet_file import read_parquet, write_parquet
from seedbed.store.read_options import Placed, Reading
from seedbed.store.text_file import COMPRESSED
from seedbed.suggestions import did_you_mean

Reader: TypeAlias = Callable[[Path, Reading], Iterator[Placed]]
"""Yields the rows of a file, each with its place in it."""

RowWriter: TypeAlias = Callable[[Iterable[bytes], Path, bytes | None], None]
"""Writes encoded rows, which it may iterate twice, to a new file or folder.

The last argument is a serialised Arrow schema whose types columns may keep.
"""


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".jsonl": read_json_lines,
        ".ndjson": read_json_lines,
        ".json": read_json_list,
        ".csv": read_csv,
        ".tsv": read_tsv,
        ".parquet": read_parquet,
        ".arrow": read_arrow,
        ".feather": read_arrow,
        ".hf": read_hf_folder,
    }
)
WRITERS: Mapping[str, RowWriter] = MappingProxyType(
    {
        ".jsonl": write_json_lines,
        ".ndjson": write_json_lines,
        ".csv": write_csv,
        ".parquet": write_parquet,
        ".arrow": write_arrow,
        ".feather": write_arrow,
        ".hf": write_hf_folder,
    }
)
FOLDERS = frozenset({".hf"})
"""The endings of datasets that are folders."""

TEXTS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")
"""The endings of text files, which may be compressed and in any encoding."""

_COLUMNAR = {".parquet", ".arrow", ".feather", ".hf"}


def reader_of(path: Path) -> Reader:
    """Return the reader for the ending of `path`; raise `UsageError` if there's none.

    A text file may be compressed: `.jsonl.gz`.
    """
    # Only text: Parquet and Arrow compress by themselves, and are read at random places.
    if path.suffix.lower() in COMPRESSED:
        return READERS[_ending(path.with_suffix(""), TEXTS, path)]
    return READERS[_ending(path, READERS)]


def is_text(path: Path) -> bool:
    """Whether `path` ends like a text file, compressed or not."""
    packed = path.suffix.lower() in COMPRESSED
    return (path.with_suffix("") if packed else path).suffix.lower() in TEXTS


def place_in(path: Path, number: int) -> str:
    """Return the name of a row of a file for people: `rows.jsonl, line 7`; `rows.parquet, row 7`."""
    packed = path.suffix.lower() in COMPRESSED
    ending = (path.with_suffix("") if packed else path).suffix.lower()
    unit = "item" if ending == ".json" else "line" if ending in TEXTS else "row"
    return f"{path.name}, {unit} {number}"


def writer_of(path: Path) -> RowWriter:
    """Return the writer for the ending of `path`; raise `UsageError` if there's none."""
    return WRITERS[_ending(path, WRITERS)]


def _ending(path: Path, known: Collection[str], whole: Path | None = None) -> str:
    ending = path.suffix.lower()
    if known is WRITERS and str(path) in ("-", ".", "/dev/stdout"):
        raise UsageError(
            f"'{path}' isn't a file name", "leave it out: without -o, rows go to standard output"
        )
    if ending not in known:
        raise UsageError(
            f"'{whole or path}' has {f'the unknown ending {ending!r}' if ending else 'no ending'}",
            *did_you_mean(ending, known),
            f"use one of {', '.join(known)}",
        )
    if ending in _COLUMNAR:
        require_pyarrow()
    return ending
