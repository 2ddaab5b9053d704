"""File endings, and what reads and writes a file of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from seedbed.errors import UsageError
from seedbed.plugins.suggest import did_you_mean
from seedbed.store.arrow_file import read_arrow, write_arrow
from seedbed.store.columnar import require_pyarrow
from seedbed.store.csv_file import read_csv, write_csv
from seedbed.store.hf_folder import write_hf_folder
from seedbed.store.json_file import read_json_lines, read_json_list, write_json_lines
from seedbed.store.parquet_file import read_parquet, write_parquet
from seedbed.tasks.rows import Row

Reader: TypeAlias = Callable[[Path], Iterator[Row]]
"""Yields the rows of a file."""

Writer: TypeAlias = Callable[[Iterable[bytes], Path], None]
"""Makes a new file or folder of encoded rows, which it may iterate twice."""


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".jsonl": read_json_lines,
        ".ndjson": read_json_lines,
        ".json": read_json_list,
        ".csv": read_csv,
        ".parquet": read_parquet,
        ".arrow": read_arrow,
        ".feather": read_arrow,
    }
)
WRITERS: Mapping[str, Writer] = MappingProxyType(
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
"""The endings that stand for a folder."""

_COLUMNAR = {".parquet", ".arrow", ".feather", ".hf"}


def reader_of(path: Path) -> Reader:
    """Return what reads a file with the ending of `path`; raise `UsageError` where nothing does here."""
    return READERS[_ending(path, READERS)]


def writer_of(path: Path) -> Writer:
    """Return what writes a file with the ending of `path`; raise `UsageError` where nothing does here."""
    return WRITERS[_ending(path, WRITERS)]


def _ending(path: Path, known: Collection[str]) -> str:
    ending = path.suffix.lower()
    if ending not in known:
        raise UsageError(
            f"'{path}' has {f'the unknown ending {ending!r}' if ending else 'no ending'}",
            *did_you_mean(ending, known),
            f"use one of {', '.join(known)}",
        )
    if ending in _COLUMNAR:
        require_pyarrow()
    return ending
