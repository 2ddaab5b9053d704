"""Rows as comma-separated values (RFC 4180), there and back.

The file is UTF-8 without a byte order mark, its lines end in CRLF, and its first line names all
columns, in order of first appearance over the whole dataset. A cell holds

    text       as it is
    JSON       for a number, a bool, a list or a dictionary: 12, 0.5, true, [1,"a"], {"key":"value"}
    nothing    for None, for empty text, and for a column that the row lacks

so types are not kept: read back, every cell is text, and an empty one is None. Python 3.11 cannot
write None and empty text apart. Rows without any column leave no trace if no row has one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from seedbed.errors import DatasetError
from seedbed.tasks.rows import Row, encode_value

_MAX_CELL = 2**31 - 1


def write_csv(rows: Iterable[bytes], path: Path) -> None:
    """Write all rows in two passes over them; a row is all that is held in memory."""
    columns: dict[str, None] = {}
    for row in map(orjson.loads, rows):
        columns.update(dict.fromkeys(row))
    with path.open("w", encoding="utf-8", newline="") as file:
        if columns:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([_cell(row.get(name)) for name in columns] for row in map(orjson.loads, rows))


def read_csv(path: Path) -> Iterator[Row]:
    """Yield a row of texts for each record; raise `DatasetError` with file and line if it cannot be read."""
    # The limit belongs to the process; its default of 128 KiB is less than one long answer.
    csv.field_size_limit(max(_MAX_CELL, csv.field_size_limit()))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            yield from _records(path, reader)
        except csv.Error as error:
            raise DatasetError(f"'{path}' line {reader.line_num} is not CSV: {error}") from error
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"'{path}' is not UTF-8 text after line {reader.line_num}", "save it in UTF-8"
            ) from error


def _records(path: Path, reader: Any) -> Iterator[Row]:
    header: list[str] = next(reader, [])
    doubled = next((name for name in header if header.count(name) > 1), None)
    if doubled is not None:
        raise DatasetError(f"'{path}' has two columns named {doubled!r}", "rename one of them")
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            amount = "many" if len(cells) > len(header) else "few"
            where = f"'{path}' line {reader.line_num}"
            raise DatasetError(f"{where} has too {amount} cells: {len(cells)} for {len(header)} columns")
        yield {name: cell or None for name, cell in zip(header, cells, strict=True)}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode_value(value)
