"""Formats with one fault each, and the contract of each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson

from seedbed import DatasetError, Format, Reading, Row, UsageError
from seedbed.testing import FormatContract


class Lines(Format):
    """JSON lines, in few lines of code."""

    def check(self, place: str) -> None:
        if place == "lines://":
            raise UsageError("there's no place in 'lines://'")

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            yield number, self.row(path, line, reading)

    def row(self, path: Path, line: bytes, reading: Reading) -> Row:
        try:
            row = orjson.loads(line)
        except ValueError as error:
            raise DatasetError(f"'{path}' holds no rows") from error
        return {name: value for name, value in row.items() if reading.wants(name)}

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        path.write_bytes(b"".join(row + b"\n" for row in rows))


class TestLines(FormatContract):
    format = Lines
    place = "rows.lines"
    wrong_places: ClassVar[list[str]] = ["lines://"]


class Uploads(Format):
    """A scheme that takes everything."""

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None: ...


class TestUploads(FormatContract):
    format = Uploads
    place = "box://team/set"


FAULTS: dict[str, tuple[str, str]] = {}
"""The contract test that each faulty format fails, and what is said then."""


def fails(test: str, said: str) -> Any:
    """Say which contract test a format is to fail, and no other."""

    def mark(contract: type[FormatContract]) -> type[FormatContract]:
        contract.place = "rows.lines"
        FAULTS[contract.__name__.removeprefix("Test")] = (test, said)
        return contract

    return mark


class Nothing(Format):
    """Does nothing."""


@fails("test_it_does_something", "defines neither")
class TestNothing(FormatContract):
    format = Nothing
    place = "rows.lines"


class FirstColumns(Lines):
    """Takes the columns of the first row for those of all."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        decoded = [orjson.loads(row) for row in rows]
        columns = list(decoded[0]) if decoded else []
        lines = [orjson.dumps({name: row.get(name) for name in columns}) for row in decoded]
        super().write(lines, path)


@fails("test_rows_come_back", "the columns ['late'] are lost")
class TestFirstColumns(FormatContract):
    format = FirstColumns
    place = "rows.lines"


class Ascii(Lines):
    """Drops what isn't ASCII."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        super().write((row.decode().encode("ascii", "ignore") for row in rows), path)


@fails("test_texts_come_back_as_they_are", "assert")
class TestAscii(FormatContract):
    format = Ascii
    place = "rows.lines"


class NeedsRows(Lines):
    """Writes nothing for no rows."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        if listed := list(rows):
            super().write(listed, path)


@fails("test_no_rows_make_a_dataset", "nothing was written")
class TestNeedsRows(FormatContract):
    format = NeedsRows
    place = "rows.lines"


class LeavesIndex(Lines):
    """Leaves an index beside the file."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        super().write(rows, path)
        path.with_suffix(".index").write_bytes(b"0")


@fails("test_it_writes_where_it_is_told", "rows.index")
class TestLeavesIndex(FormatContract):
    format = LeavesIndex
    place = "rows.lines"


class Salted(Lines):
    """Writes a random column."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        super().write(rows, path)
        with path.open("ab") as file:
            file.write(b" " * 0 + f"# {os.urandom(8).hex()}\n".encode())

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        lines = [line for line in path.read_bytes().splitlines() if not line.startswith(b"#")]
        return ((number, self.row(path, line, reading)) for number, line in enumerate(lines, start=1))


@fails("test_the_same_rows_make_the_same_bytes", "the bytes differ")
class TestSalted(FormatContract):
    format = Salted
    place = "rows.lines"


class ThreePasses(Lines):
    """Looks at the rows, looks again, and writes them."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        assert sum(1 for _ in rows) == len(list(rows))
        super().write(rows, path)


@fails("test_rows_may_come_twice_at_most", "3 times")
class TestThreePasses(FormatContract):
    format = ThreePasses
    place = "rows.lines"


class EveryColumn(Lines):
    """Reads columns that nobody wants."""

    def row(self, path: Path, line: bytes, reading: Reading) -> Row:
        return super().row(path, line, Reading())


@fails("test_places_and_columns_are_as_asked", "wants the column title only")
class TestEveryColumn(FormatContract):
    format = EveryColumn
    place = "rows.lines"


class RawErrors(Lines):
    """Raises whatever its parser does."""

    def row(self, path: Path, line: bytes, reading: Reading) -> Row:
        return {name: value for name, value in orjson.loads(line).items() if reading.wants(name)}


@fails("test_what_is_no_dataset_is_a_dataset_error", "JSONDecodeError")
class TestRawErrors(FormatContract):
    format = RawErrors
    place = "rows.lines"


class ChecksNothing(Lines):
    """Takes any place."""

    def check(self, place: str) -> None: ...


@fails("test_wrong_places_are_refused_before_the_run", "has nothing against 'lines://'")
class TestChecksNothing(FormatContract):
    format = ChecksNothing
    place = "rows.lines"
    wrong_places: ClassVar[list[str]] = ["lines://"]
