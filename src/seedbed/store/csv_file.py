"""Reading and writing rows as comma-separated values (RFC 4180), and reading tab-separated ones.

The file is UTF-8 without a byte order mark, its lines end in CRLF, and its first line names all
columns, in order of first appearance over the whole dataset. A cell holds

    text       unchanged
    JSON       for a number, a bool, a list or a dictionary: 12, 0.5, true, [1,"a"], {"key":"value"}
    nothing    for None, for empty text, and for a column that the row doesn't have

so CSV doesn't keep types: read back, every cell is text, and an empty one is None. Python 3.11 can't write
None and empty text differently. Rows without columns aren't written if no row has any.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from seedbed.errors import DatasetError
from seedbed.store.column_names import check_names
from seedbed.store.csv_skipping import Records
from seedbed.store.read_options import Placed, Reading
from seedbed.store.text_file import decoded, encoding_of, opened, undecodable
from seedbed.tasks.rows import encode_value

_MAX_CELL = 2**31 - 1


def write_csv(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write all rows in two passes over them, with one row in memory at a time."""
    # The header comes first in the file, and a column may first appear in the last row.
    columns: dict[str, None] = {}
    for row in map(orjson.loads, rows):
        columns.update(dict.fromkeys(row))
    with path.open("w", encoding="utf-8", newline="") as file:
        if columns:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([_cell(row.get(name)) for name in columns] for row in map(orjson.loads, rows))


def read_csv(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield a row of texts for each record, with the line on which it begins.

    Raises `DatasetError` with file and line if the file can't be read.
    """
    yield from _read(path, reading, ",")


def read_tsv(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the same as `read_csv` from a file with tabs between its cells."""
    yield from _read(path, reading, "\t")


def _read(path: Path, reading: Reading, delimiter: str) -> Iterator[Placed]:
    # The limit is for the whole process, so it's never lowered. Its default, 128 KiB, is less than one long
    # answer.
    csv.field_size_limit(max(_MAX_CELL, csv.field_size_limit()))
    delimiter = reading.delimiter or delimiter
    with opened(path) as file, decoded(file, encoding := encoding_of(file, reading.encoding)) as text:
        lines = Records(text, delimiter)
        # Without `strict` a stray quote swallows all rows up to the next one.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for line, row in _records(path, reader, lines, reading, delimiter):
                yield line, {name: cell for name, cell in row.items() if reading.wants(name)}
        except csv.Error as error:
            line = lines.passed + reader.line_num
            advice = [f"its row begins on line {lines.row}: look there for a quote too many"]
            raise DatasetError(
                f"'{path}' line {line} is not CSV: {error}", *advice[: line > lines.row > 0]
            ) from error
        except UnicodeDecodeError as error:
            line = lines.passed + reader.line_num
            raise undecodable(
                f"'{path}'" + (f" after line {line}" if line else ""), encoding, error
            ) from error


def _records(path: Path, reader: Any, lines: Records, reading: Reading, delimiter: str) -> Iterator[Placed]:
    header: list[str] = next((cells for cells in reader if cells), [])
    other = next((mark for mark in ";\t|," if mark in header[0]), None) if len(header) == 1 else None
    if other is not None:
        said = f"its only column is {header[0]!r:.60}: cells are separated by {delimiter!r}, not by {other!r}"
        reading.noting(f"'{path}'")(f"{said}, which the source `csv` takes as its `delimiter`")
    check_names(f"'{path}'", header)
    lines.skip(reading.skip)
    end = reader.line_num + lines.passed
    lines.row = end + 1
    for cells in reader:
        # A cell may hold line breaks: the reader knows the last line of a record, people look for the first.
        begin, end = end + 1, reader.line_num + lines.passed
        lines.row = end + 1
        if not cells:
            continue
        if len(cells) != len(header):
            amount = "many" if len(cells) > len(header) else "few"
            where = f"'{path}' line {end}"
            raise DatasetError(f"{where} has too {amount} cells: {len(cells)} for {len(header)} columns")
        yield begin, {name: cell or None for name, cell in zip(header, cells, strict=True)}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode_value(value)
