"""Rows from JSON text: one object a line, or one list of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

import orjson

from seedbed.errors import DatasetError, InvalidRowError
from seedbed.tasks.rows import Row, checked_row

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONG_NUMBER = re.compile(rb"\d{19}")
_BETWEEN = re.compile(r"[ \t\r\n]*")
_CHUNK = 2**20


def write_json_lines(rows: Iterable[bytes], path: Path) -> None:
    """Write each row as it is, and a line end."""
    with path.open("wb", buffering=_CHUNK) as file:
        file.writelines(row + b"\n" for row in rows)


def read_json_lines(path: Path) -> Iterator[Row]:
    """Yield the object of each line, skipping blank ones; raise `DatasetError` with file and line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            if text.strip():
                yield _row_of_line(text, f"'{path}' line {number}")


def read_json_list(path: Path) -> Iterator[Row]:
    """Yield the objects of a file that holds one list, without reading all of it at once.

    Raises `DatasetError` with the file and the number of the item, counted from 1.
    """
    with path.open(encoding="utf-8-sig") as file:
        try:
            yield from _List(path, file).items()
        except UnicodeDecodeError as error:
            raise DatasetError(f"'{path}' is not UTF-8 text: {error.reason}", "save it in UTF-8") from error


def _row_of_line(line: bytes, where: str) -> Row:
    try:
        # orjson would make a float of an integer beyond 64 bits.
        row = _DECODER.decode(line.decode()) if _LONG_NUMBER.search(line) else orjson.loads(line)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where} is not JSON: {error}") from error
    return _checked(row, where)


def _checked(row: Any, where: str) -> Row:
    if not isinstance(row, dict):
        raise DatasetError(f"{where} is not a JSON object", "a row is {'column': value, ...}")
    try:
        checked_row(row)
    except InvalidRowError as error:
        raise DatasetError(f"{where}: {error.fact}", *error.advice) from error
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


class _List:
    """Decodes one item after the other from a text that is read as far as needed."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self._text = ""
        self._position = 0

    def items(self) -> Iterator[Row]:
        if self._next() != "[":
            raise DatasetError(
                f"'{self._path}' is not a list of objects", "write [{...}, {...}], or JSON lines"
            )
        number = 0
        self._position += 1
        closed = self._next() == "]"
        while not closed:
            number += 1
            where = f"'{self._path}' item {number}"
            yield _checked(self._decode(where), where)
            if self._next() not in (",", "]"):
                raise DatasetError(f"{where} is followed by neither ',' nor ']'")
            closed = self._next() == "]"
            self._position += 1 - closed
        self._position += 1
        if self._next():
            raise DatasetError(f"'{self._path}' goes on after the end of its list")

    def _next(self) -> str:
        """Move to the next character that is no white space, and return it; "" at the end."""
        while True:
            space = _BETWEEN.match(self._text, self._position)
            self._position = space.end() if space else self._position
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._read(_CHUNK):
                return ""

    def _read(self, size: int) -> bool:
        more = self._file.read(size)
        self._text, self._position = self._text[self._position :] + more, 0
        return bool(more)

    def _decode(self, where: str) -> Any:
        """Decode the next item, reading twice as much each time that it is incomplete."""
        if self._next() != "{":
            raise DatasetError(f"{where} is not a JSON object")
        while True:
            try:
                item, self._position = _DECODER.raw_decode(self._text, self._position)
            except (ValueError, RecursionError) as error:
                if not self._read(max(_CHUNK, len(self._text))):
                    raise DatasetError(f"{where} is not JSON: {error}") from error
            else:
                return item
