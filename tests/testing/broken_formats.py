"""Formats with one fault each, and the contract of each."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from seedbed import DatasetError, Format, Reading, Row, UsageError
from seedbed.testing import FormatContract


class Lines(Format):
    """JSON lines, in few lines of code."""

    def check(self, place: str) -> None:
        if place == "lines://":
            raise UsageError("there's no place in 'lines://'")

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield number, self.row(path, line, reading)

    def row(self, path: Path, line: bytes, reading: Reading) -> Row:
        try:
            row = orjson.loads(line)
        except ValueError as error:
            raise DatasetError(f"'{path}' holds no rows") from error
        return {name: value for name, value in row.items() if reading.wants(name)}

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        with path.open("wb") as file:
            file.writelines(row + b"\n" for row in rows)


class Texts(Lines):
    """Lines in any encoding."""

    is_text = True
    unit = "line"

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        try:
            with path.open(encoding=reading.encoding or "utf-8") as file:
                for number, line in enumerate(file, start=1):
                    yield number, self.row(path, line.encode(), reading)
        except UnicodeDecodeError as error:
            raise DatasetError(f"'{path}' holds no rows") from error


class TestTexts(FormatContract):
    format = Texts
    place = "rows.lines"


class PassesOver(Lines):
    """Passes over rows that are to be skipped, without parsing them."""

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not reading.skip.passes(1):
                    yield number, self.row(path, line, reading)


class TestPassesOver(FormatContract):
    format = PassesOver
    place = "rows.lines"


class TestLines(FormatContract):
    format = Lines
    place = "rows.lines"
    wrong_places: ClassVar[list[str]] = ["lines://"]


BOX: dict[str, dict[str, bytes]] = {}
"""What is at addresses of the scheme `box`."""


class Uploads(Format):
    """A scheme that takes everything."""

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None:
        there = BOX.setdefault(address, {})
        sent = self.sent(folder)
        for path in [path for path in there if path.endswith(".parquet") and options["complete"]]:
            del there[path]
        there.update(sent)

    def sent(self, folder: Path) -> dict[str, bytes]:
        files = [one for one in folder.rglob("*") if not one.is_dir()]
        return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


class BoxContract(FormatContract):
    """Of the scheme `box`, each test with an address of its own."""

    format = Uploads
    place = "box://team/set"

    @pytest.fixture(autouse=True)
    def _emptied(self) -> None:
        BOX.clear()

    def uploaded(self, address: str) -> Mapping[str, bytes]:
        return BOX[address]


class TestUploads(BoxContract):
    format = Uploads


class TestUploadsSomewhere(FormatContract):
    format = Uploads
    place = "box://team/set"


FAULTS: dict[str, tuple[str, str]] = {}
"""The contract test that each faulty format fails, and what is said then."""


def fails(test: str, said: str) -> Any:
    """Say which contract test a format is to fail, and no other."""

    def mark(contract: type[FormatContract]) -> type[FormatContract]:
        if not issubclass(contract, BoxContract):
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


class NeedsADelimiter(Lines):
    """Can't be made by a command."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter


@fails("test_it_can_be_made", "missing 1 required positional argument: 'delimiter'")
class TestNeedsADelimiter(FormatContract):
    format = NeedsADelimiter
    place = "rows.lines"


class SkipsUncounted(Lines):
    """Passes over rows, and doesn't say so."""

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        return (placed for placed in super().read(path, reading) if placed[0] > reading.skip.left)


@fails("test_skipped_rows_are_passed_over", "reading.skip.passes(1)")
class TestSkipsUncounted(FormatContract):
    format = SkipsUncounted
    place = "rows.lines"


class CountsInTheClass(Lines):
    """Counts the lines of all files together."""

    number: ClassVar[int] = 0

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        CountsInTheClass.number = 0
        for _, row in super().read(path, reading):
            CountsInTheClass.number += 1
            yield CountsInTheClass.number, row


@fails("test_files_can_be_read_side_by_side", "rows or places are others")
class TestCountsInTheClass(FormatContract):
    format = CountsInTheClass
    place = "rows.lines"


class KnowsOneEncoding(Texts):
    """Replaces what it can't decode."""

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                yield number, self.row(path, line.encode(), reading)


@fails("test_the_encoding_is_the_one_given", "a file in cp1252 has other rows")
class TestKnowsOneEncoding(FormatContract):
    format = KnowsOneEncoding
    place = "rows.lines"


class LosesTheLastLine(Texts):
    """Takes lines that end."""

    def row(self, path: Path, line: bytes, reading: Reading) -> Row:
        found = super().row(path, line, reading)
        return found if line.endswith(b"\n") else {}


@fails("test_the_last_line_needs_no_end", "rows are others")
class TestLosesTheLastLine(FormatContract):
    format = LosesTheLastLine
    place = "rows.lines"


class StopsAtABadLine(Texts):
    """Takes what comes before a bad line for all rows."""

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                row = self.row(path, line.decode(reading.encoding or "utf-8").encode(), reading)
            except (DatasetError, UnicodeDecodeError) as error:
                if number == 1:
                    raise DatasetError(f"'{path}' holds no rows") from error
                return
            yield number, row


@fails("test_a_file_that_ends_badly_is_a_dataset_error", "DID NOT RAISE")
class TestStopsAtABadLine(FormatContract):
    format = StopsAtABadLine
    place = "rows.lines"


class TakesWhatCame(Lines):
    """Swallows the error of its rows."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        with suppress(Exception):
            super().write(rows, path, types)


@fails("test_an_error_of_the_rows_is_passed_on", "DID NOT RAISE")
class TestTakesWhatCame(FormatContract):
    format = TakesWhatCame
    place = "rows.lines"


class KeepsFiles(Lines):
    """Closes nothing."""

    files: ClassVar[list[Any]] = []

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        file = path.open("rb")
        self.files.append(file)
        return ((number, self.row(path, line, reading)) for number, line in enumerate(file, start=1))


@fails("test_no_file_is_left_open", "leaves a file open if nobody reads on")
class TestKeepsFiles(FormatContract):
    format = KeepsFiles
    place = "rows.lines"


class Prints(Lines):
    """Says where it writes."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        super().write(rows, path, types)
        print(f"written to {path}")


@fails("test_the_process_is_left_alone", "print to sys.stderr")
class TestPrints(FormatContract):
    format = Prints
    place = "rows.lines"


class ReplacesAll(Lines):
    """Replaces whatever is there."""

    def may_replace(self, path: Path) -> bool:
        return True


@fails("test_its_own_dataset_is_replaced_and_no_other", "a folder that holds notes.txt")
class TestReplacesAll(FormatContract):
    format = ReplacesAll
    place = "rows.lines"


class WantsAFile(Lines):
    """Takes files that are there."""

    def check(self, place: str) -> None:
        if not Path(place).exists():
            raise UsageError(f"there's no file '{place}'")


@fails("test_a_new_place_is_good", "there's no file")
class TestWantsAFile(FormatContract):
    format = WantsAFile
    place = "rows.lines"


class StripsTexts(Lines):
    """Takes the spaces of texts for its own."""

    def row(self, path: Path, line: bytes, reading: Reading) -> Row:
        found = super().row(path, line, reading)
        return {name: value.strip() if isinstance(value, str) else value for name, value in found.items()}


@fails("test_texts_come_back_as_they_are", "assert")
class TestStripsTexts(FormatContract):
    format = StripsTexts
    place = "rows.lines"


class KeepsColumns(Lines):
    """Keeps the columns of all datasets in its class."""

    columns: ClassVar[dict[str, None]] = {}

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        decoded = [orjson.loads(row) for row in rows]
        self.columns.update(dict.fromkeys(name for row in decoded for name in row))
        super().write((orjson.dumps({name: row.get(name) for name in self.columns}) for row in decoded), path)


@fails("test_the_same_rows_make_the_same_bytes", "keep nothing in the class")
class TestKeepsColumns(FormatContract):
    format = KeepsColumns
    place = "rows.lines"


class Dated(Lines):
    """Begins with the day on which it was written."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        super().write(chain([f"# {time.time() // 3600:.0f}".encode()], rows), path)

    def read(self, path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
        with path.open("rb") as file:
            lines = ((number, line) for number, line in enumerate(file, start=1) if line[:1] != b"#")
            for number, line in lines:
                yield number, self.row(path, line, reading)


@fails("test_the_same_rows_make_the_same_bytes", "the bytes differ")
class TestDated(FormatContract):
    format = Dated
    place = "rows.lines"


class EndsWithALine(Uploads):
    """Takes tables for text."""

    def sent(self, folder: Path) -> dict[str, bytes]:
        return {path: data.rstrip() + b"\n" for path, data in super().sent(folder).items()}


@fails("test_an_upload_is_whole", "has other bytes at the address")
class TestEndsWithALine(BoxContract):
    format = EndsWithALine


class SendsNoCard(Uploads):
    """Sends the tables alone."""

    def sent(self, folder: Path) -> dict[str, bytes]:
        return {path: data for path, data in super().sent(folder).items() if path != "README.md"}


@fails("test_an_upload_is_whole", "there's no README.md")
class TestSendsNoCard(BoxContract):
    format = SendsNoCard


class NeverRemoves(Uploads):
    """Leaves the tables of an earlier dataset there."""

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None:
        super().upload(folder, address, {**options, "complete": False})


@fails("test_what_the_dataset_lacks_goes_if_it_is_complete", "with `complete`, Parquet files")
class TestNeverRemoves(BoxContract):
    format = NeverRemoves


class AlwaysRemoves(Uploads):
    """Takes every upload for a whole dataset."""

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None:
        super().upload(folder, address, {**options, "complete": True})


@fails("test_what_the_dataset_lacks_goes_if_it_is_complete", "without `complete`, the files")
class TestAlwaysRemoves(BoxContract):
    format = AlwaysRemoves


class SignsTheCard(Uploads):
    """Adds a line to the card in the folder that it gets."""

    def sent(self, folder: Path) -> dict[str, bytes]:
        with (folder / "README.md").open("a", encoding="utf-8") as file:
            file.write("Uploaded with love.\n")
        return super().sent(folder)


@fails("test_an_upload_changes_nothing_here", "`upload` changes the files of `folder`")
class TestSignsTheCard(BoxContract):
    format = SignsTheCard


class PrintsProgress(Uploads):
    """Tells how far it is where the rows go."""

    def sent(self, folder: Path) -> dict[str, bytes]:
        print("sending")
        return super().sent(folder)


@fails("test_an_upload_changes_nothing_here", "print to sys.stderr")
class TestPrintsProgress(BoxContract):
    format = PrintsProgress


class SendsWhatItCan(Uploads):
    """Leaves out files that it can't read."""

    def sent(self, folder: Path) -> dict[str, bytes]:
        files = [one for one in folder.rglob("*") if one.is_file()]
        return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


@fails("test_a_dataset_that_cannot_be_sent_is_an_error", "`upload` raised nothing")
class TestSendsWhatItCan(BoxContract):
    format = SendsWhatItCan


class SendsOneByOne(Uploads):
    """Removes the old dataset before it has sent the new one."""

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None:
        if options["complete"]:
            BOX.pop(address, None)
        super().upload(folder, address, options)


@fails("test_a_dataset_that_cannot_be_sent_is_an_error", "the dataset at the address isn't the old one")
class TestSendsOneByOne(BoxContract):
    format = SendsOneByOne

    def uploaded(self, address: str) -> Mapping[str, bytes]:
        return BOX.get(address, {})


class SetsTheSeed(Lines):
    """Takes random numbers that are the same each time."""

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        random.seed(0)
        super().write(rows, path)


@fails("test_the_process_is_left_alone", "it changes the numbers of the module `random`")
class TestSetsTheSeed(FormatContract):
    format = SetsTheSeed
    place = "rows.lines"
