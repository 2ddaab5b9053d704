"""The contract of a format on files: what it leaves open or behind, what breaks off, and what it replaces."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

import pytest

from seedbed.errors import DatasetError
from seedbed.store.format import Format
from seedbed.store.read_options import Reading, Skip
from seedbed.store.readers import remaining
from seedbed.tasks.rows import Row
from seedbed.testing.format_facts import FormatFacts, copied, encoded
from seedbed.testing.process_watch import files_below, left_alone

_ROWS: list[Row] = [{"title": f"Räume {number}", "number": number} for number in range(7)]
_GARBAGE = b"\x00\xff\x00 no rows \xfe\n{"


class FormatFileContract(FormatFacts):
    """What a run does with the files of a format: it resumes, is cut off, and replaces datasets."""

    def test_it_can_be_made(self) -> None:
        """It's made without arguments: a command names a file, and says nothing else of its format."""
        try:
            self._class()()
        except Exception as error:  # noqa: BLE001 - a stranger's class may raise anything
            pytest.fail(f"it cannot be made without arguments: {type(error).__name__}: {error}")

    def test_skipped_rows_are_passed_over(self, made: Format, path: Path) -> None:
        """`read` leaves `reading.skip` alone, or passes over as many rows as it lowers `skip.left` by.

        A resumed run skips the rows that it has. If they were counted wrongly, rows would be lost or doubled.
        """
        whole = self._placed(made, path)
        for count in (0, 1, 3, len(_ROWS), len(_ROWS) + 2):
            skip = Skip(count)
            left = copied(remaining(skip, made.read(path, Reading(skip=skip))))
            assert left == whole[count:], (
                f"with {count} rows to skip, {len(left)} of {len(_ROWS)} rows came, or at other places: "
                "leave `reading.skip` alone, or pass over a row only if `reading.skip.passes(1)`"
            )
            assert skip.left == max(0, count - len(_ROWS)), (
                f"after {count} rows to skip, {skip.left} are left"
            )

    def test_files_can_be_read_side_by_side(self, made: Format, path: Path) -> None:
        """Two files can be read at once: what `read` keeps of a file is in `read`, and not in the class."""
        whole = self._placed(made, path)
        pairs = [*zip_longest(*(self._class()().read(path, Reading()) for _ in range(2)))]
        for file in zip(*pairs, strict=True):
            assert copied(file) == whole, "read along with another file, rows or places are others"

    def test_the_encoding_is_the_one_given(self, made: Format, path: Path) -> None:
        """A text file is read in `reading.encoding`: UTF-8 would be wrong, or lose letters without a word."""
        self._needs_text()
        whole = self._placed(made, path)
        path.write_bytes(path.read_bytes().decode().encode("cp1252"))
        assert copied(made.read(path, Reading("cp1252"))) == whole, "a file in cp1252 has other rows"

    def test_the_last_line_needs_no_end(self, made: Format, path: Path) -> None:
        """The last row of a text file is read without a line end, too: editors leave it out."""
        self._needs_text()
        whole = self._placed(made, path)
        path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
        assert copied(made.read(path, Reading())) == whole, "without the last line end, rows are others"

    def test_a_file_that_ends_badly_is_a_dataset_error(self, made: Format, path: Path) -> None:
        """What isn't a row raises `DatasetError` after good rows, too: half a file isn't a dataset."""
        self._needs_text()
        self._placed(made, path)
        with path.open("ab") as file:
            file.write(_GARBAGE)
        with pytest.raises(DatasetError) as raised:
            list(made.read(path, Reading()))
        assert path.name in str(raised.value), f"the message doesn't name {path.name}: {raised.value}"

    def test_an_error_of_the_rows_is_passed_on(self, made: Format, path: Path) -> None:
        """If the rows break off, `write` raises their error, and leaves nothing beside `path`.

        They come from a disk that can fail. If the error were lost, half a dataset would replace a whole one.
        """
        self._needs("write")
        with pytest.raises(_BrokenOff):
            made.write(_broken_off(), path, None)
        left = sorted(one.name for one in path.parent.iterdir() if one != path)
        assert not left, f"it left {left}"

    def test_no_file_is_left_open(self, made: Format, path: Path) -> None:
        """Files are closed after writing, after reading, and if either breaks off."""
        self._needs("write")
        made.write(encoded(_ROWS), path, None)
        assert not files_below(path.parent), "`write` leaves a file open: use `with`"
        with suppress(_BrokenOff):
            made.write(_broken_off(), path.with_name(f"half-{path.name}"), None)
        assert not files_below(path.parent), "`write` leaves a file open if the rows break off: use `with`"
        if not self._class().can("read"):
            return
        rows = iter(made.read(path, Reading()))
        next(rows)
        # A generator's `with` ends here; of another iterator nothing is left.
        getattr(rows, "close", int)()
        del rows
        assert not files_below(path.parent), (
            "`read` leaves a file open if nobody reads on: yield within `with`"
        )

    def test_the_process_is_left_alone(
        self, made: Format, path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """It prints nothing to standard output, leaves no thread, and sets nothing for the whole process.

        Without `-o`, the rows of a dataset go to standard output.
        """
        self._needs("write")
        capfd.readouterr()
        threads = {*threading.enumerate()}
        with left_alone():
            made.write(encoded(_ROWS), path, None)
            if self._class().can("read"):
                list(made.read(path, Reading()))
        written = capfd.readouterr().out
        assert not written, f"standard output has {written!r}: print to sys.stderr"
        left = sorted(one.name for one in {*threading.enumerate()} - threads)
        assert not left, f"it leaves the threads {left}"

    def test_its_own_dataset_is_replaced_and_no_other(self, made: Format, path: Path) -> None:
        """`may_replace` is true of what `write` made, and false of a folder of somebody's files.

        Otherwise a run can't be written a second time, or `-o` deletes what isn't a dataset.
        """
        self._needs("write")
        made.write(encoded(_ROWS), path, None)
        assert made.may_replace(path), "`may_replace` is false of the dataset that it has just written"
        other = path.with_name(f"other-{path.name}")
        other.mkdir()
        (other / "notes.txt").write_text("mine", encoding="utf-8")
        assert not made.may_replace(other), "`may_replace` is true of a folder that holds notes.txt"

    def test_a_new_place_is_good(self, made: Format, path: Path) -> None:
        """`check` takes a file that isn't there yet, and makes nothing: it's called before each run."""
        self._needs("write")
        made.check(str(path))
        left = sorted(one.name for one in path.parent.iterdir())
        assert not left, f"`check` made {left}"

    def _placed(self, made: Format, path: Path) -> list[tuple[int, str]]:
        self._needs("read", "write")
        made.write(encoded(_ROWS), path, None)
        placed = copied(made.read(path, Reading()))
        if len(placed) != len(_ROWS):
            pytest.skip("rows don't come back: see test_rows_come_back")
        return placed


class _BrokenOff(Exception):
    """The rows break off."""


def _broken_off() -> Iterator[bytes]:
    yield from encoded(_ROWS[:3])
    raise _BrokenOff
