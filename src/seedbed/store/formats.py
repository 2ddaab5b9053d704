"""File endings, and what reads and writes a file of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from seedbed.errors import UsageError
from seedbed.plugins.suggest import did_you_mean
from seedbed.store.csv_file import read_csv, write_csv
from seedbed.store.json_file import read_json_lines, read_json_list
from seedbed.store.parquet_file import read_parquet, require_pyarrow, write_parquet
from seedbed.tasks.rows import Row


class Format(NamedTuple):
    """One kind of file.

    `read` yields the rows of a file. `write` makes a file of rows that it may iterate twice; it is
    None for JSON lines, which the rows already are while they are collected. `prepare` raises
    `UsageError` where the format cannot be used on this machine.
    """

    read: Callable[[Path], Iterator[Row]]
    write: Callable[[Iterable[Row], BinaryIO], None] | None = None
    prepare: Callable[[], None] = lambda: None


_JSON_LINES = Format(read_json_lines)

WRITABLE = MappingProxyType(
    {
        ".jsonl": _JSON_LINES,
        ".ndjson": _JSON_LINES,
        ".csv": Format(read_csv, write_csv),
        ".parquet": Format(read_parquet, write_parquet, require_pyarrow),
    }
)
READABLE = MappingProxyType({**WRITABLE, ".json": Format(read_json_list)})


def format_of(path: Path, known: MappingProxyType[str, Format]) -> Format:
    """Return the format that the ending of `path` stands for, ready to use.

    Raises `UsageError` where the ending is not one of `known`, or its format lacks a package.
    """
    ending = path.suffix.lower()
    if ending not in known:
        raise UsageError(
            f"'{path}' has {f'the unknown ending {ending!r}' if ending else 'no ending'}",
            *did_you_mean(ending, known),
            f"use one of {', '.join(known)}",
        )
    known[ending].prepare()
    return known[ending]
