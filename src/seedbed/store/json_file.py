"""Reading and writing rows as JSON: one object on each line, or a list of objects (read only)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import orjson

from seedbed.errors import DatasetError, InvalidRowError
from seedbed.store.lenient_json import LenientDecoder, json_fault, lenient_json
from seedbed.store.lines_together import are_plain_rows, decoded_lines
from seedbed.store.read_options import Noting, Placed, Reading, Skip
from seedbed.store.repeated_keys import has_all_quotes, repeated_key, said_of
from seedbed.store.text_file import decoded, encoding_of, opened, undecodable
from seedbed.tasks.rows import Row, checked_row, is_flat

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# 2**63 has 19 digits. Digits within text match as well, which only costs time.
_LONG_NUMBER = re.compile(rb"\d{19}")
_BETWEEN = re.compile(r"[ \t\r\n]*")
# Up to the next bracket that isn't within a text.
_TO_BRACKET = re.compile(r'(?:[^{}\[\]"]++|"(?:[^"\\]++|\\.)*+")*+[{}\[\]]', re.DOTALL)
_CHUNK = 2**20
_TOGETHER = 2**15
"""Bytes of lines after which no more are decoded with them."""


def write_json_lines(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write each row, unchanged, and a line end."""
    with path.open("wb", buffering=_CHUNK) as file:
        file.writelines(row + b"\n" for row in rows)


def read_json_lines(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the object on each line with the line's number, skipping blank lines.

    Raises `DatasetError` with file and line.
    """
    note, skip, first = reading.noting(f"'{path}'"), reading.skip, 1
    takes_all = reading.columns is None and not reading.drop
    with opened(path) as file:
        encoding = encoding_of(file, reading.encoding)
        for lines in _together(_lines(path, file, encoding)):
            if first == 1:
                lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
            found = None if skip.left else decoded_lines(lines)
            if found is not None and takes_all and are_plain_rows(found, lines):
                yield from enumerate(found, start=first)
            else:
                for number, line in enumerate(lines, start=first):
                    if line.strip() and not (skip.left and skip.passes(1)):
                        value = _decoded(line) if found is None else found[number - first]
                        yield number, _wanted(_row_of_line(value, line, path, number, note), reading)
            first += len(lines)


def read_json_list(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the objects of a file with one list, each with its number; the file is read piece by piece.

    Raises `DatasetError` with the file and the number of the item, counted from 1.
    """
    with opened(path) as file:
        encoding = encoding_of(file, reading.encoding)
        try:
            with decoded(file, encoding) as text:
                items = _List(path, text, reading.noting(f"'{path}'")).items(reading.skip)
                for number, row in items:
                    yield number, _wanted(row, reading)
        except UnicodeDecodeError as error:
            raise undecodable(f"'{path}'", encoding, error) from error


def _wanted(row: Row, reading: Reading) -> Row:
    if reading.columns is None and not reading.drop:
        return row
    return {name: value for name, value in row.items() if reading.wants(name)}


def _lines(path: Path, file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield the lines of a file as UTF-8."""
    # The usual case isn't decoded at all: orjson takes bytes, and would decode them once more.
    if encoding == "utf-8-sig":
        yield from file
        return
    number = 0
    try:
        with decoded(file, encoding) as text:
            for line in text:
                number += 1
                yield line.encode(errors="surrogatepass")
    except UnicodeDecodeError as error:
        raise undecodable(
            f"'{path}'" + (f" after line {number}" if number else ""), encoding, error
        ) from error


def _together(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield lines that are decoded together; none is lost if reading the next one fails."""
    group: list[bytes] = []
    size = 0
    try:
        for line in lines:
            group.append(line)
            size += len(line)
            if size >= _TOGETHER:
                yield group
                group, size = [], 0
    except GeneratorExit:
        # Nobody wants more.
        raise
    except BaseException:
        if group:
            yield group
        raise
    if group:
        yield group


def _decoded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None


def _row_of_line(found: Any, line: bytes, path: Path, number: int, note: Noting) -> Row:
    """Return the row of a line; `found` is what orjson decodes it to, None if it can't."""
    # orjson reads an integer beyond 64 bits as a float, and refuses NaN and half surrogate pairs. It's
    # several times faster than Python's json, so it comes first, and json gets what it can't read.
    # Most rows: looking for a long number takes longer than reading them.
    if found is not None and not has_all_quotes(line, found):
        _note_repeated(line, lambda said: note(said, f" line {number}"))
    if type(found) is dict and is_flat(found):
        return found
    where = f"'{path}' line {number}"
    if found is not None and not _LONG_NUMBER.search(line):
        return _checked(found, where)
    try:
        # Files with byte order marks that were put one after another have some on later lines.
        text = line.decode(errors="surrogatepass").removeprefix("\ufeff")
        row = lenient_json(text, lambda said: note(said, f" line {number}"))
    except UnicodeDecodeError as error:
        raise undecodable(where, "utf-8", error) from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where} is not JSON: {json_fault(error)}", *_ways_of(line, error)) from error
    return _checked(row, where)


def _note_repeated(line: bytes, note: Callable[[str], None]) -> None:
    if (key := repeated_key(line.decode(errors="replace").lstrip("\ufeff \t\r\n"))) is not None:
        note(said_of(key))


def _ways_of(line: bytes, error: ValueError | RecursionError) -> list[str]:
    """Return what to do about a line that's the beginning of something longer."""
    start = line.lstrip()[:1]
    if start not in (b"{", b"[") and (b"," in line or b"\t" in line):
        return ["rows of CSV are read if the name of the file ends in .csv or .tsv"]
    if start == b"[":
        return ["a file with one list is read by `json`, or if its name ends in .json"]
    has_more = isinstance(error, json.JSONDecodeError) and error.msg == "Extra data"
    if has_more and b"\r" in line.strip():
        return ["its lines end in a carriage return alone: save it with line feeds"]
    if has_more or line.strip() == b"{":
        return ["each object has to stand on a line of its own"]
    return []


def _checked(row: Any, where: str) -> Row:
    if not isinstance(row, dict):
        raise DatasetError(f"{where} is not a JSON object", "a row is {'column': value, ...}")
    try:
        checked_row(row)
    except InvalidRowError as error:
        raise DatasetError(f"{where}: {error.fact}", *error.advice) from error
    return row


class _List:
    """Decodes the items of a list one by one, reading only as much of the file as needed."""

    def __init__(self, path: Path, file: TextIO, note: Noting) -> None:
        self._path = path
        self._note = note
        self._file = file
        self._text = ""
        self._position = 0

    def items(self, skip: Skip) -> Iterator[Placed]:
        if self._next() != "[":
            raise DatasetError(
                f"'{self._path}' is not a list of objects",
                "write [{...}, {...}]",
                "a file with an object on each line is read by `jsonl`, or if its name ends in .jsonl",
            )
        number = 0
        self._position += 1
        closed = self._next() == "]"
        while not closed:
            number += 1
            where = f"'{self._path}' item {number}"
            if skip.left and skip.passes(1):
                self._pass_over(where)
            else:
                yield number, _checked(self._decode(where, number), where)
            if self._next() not in (",", "]"):
                raise DatasetError(
                    f"{where} is followed by neither ',' nor ']'",
                    "separate items with ',' (or the file is cut off)",
                )
            closed = self._next() == "]"
            self._position += 1 - closed
        self._position += 1
        if self._next():
            raise DatasetError(f"'{self._path}' has more text after the end of its list")

    def _next(self) -> str:
        """Move to the next character that isn't white space, and return it; "" at the end."""
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

    def _pass_over(self, where: str) -> None:
        """Move past the next item without making it."""
        self._expect_object(where)
        depth = 1
        self._position += 1
        while depth:
            found = _TO_BRACKET.match(self._text, self._position)
            if found is not None:
                self._position = found.end()
                depth += 1 if self._text[self._position - 1] in "{[" else -1
            elif not self._read(max(_CHUNK, len(self._text))):
                raise DatasetError(f"{where} is not JSON: it's cut off")

    def _expect_object(self, where: str) -> None:
        if self._next() != "{":
            raise DatasetError(f"{where} is not a JSON object")

    def _decode(self, where: str, number: int) -> Any:
        """Decode the next item, reading twice as much each time that it's incomplete."""
        # Twice as much, so that an item of any size is decoded a few times only, and not once for each chunk.
        self._expect_object(where)
        decoder = LenientDecoder(lambda said: self._note(said, f" item {number}"))
        while True:
            try:
                item, self._position = decoder.decoded_at(self._text, self._position)
            except (ValueError, RecursionError) as error:
                if not self._read(max(_CHUNK, len(self._text))):
                    raise DatasetError(f"{where} is not JSON: {json_fault(error)}") from error
            else:
                return item
