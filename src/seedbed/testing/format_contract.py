"""The contract of a format: what runs, their datasets and people who read them back can rely on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed.errors import DatasetError, UsageError
from seedbed.store.format import Format
from seedbed.store.read_options import Reading
from seedbed.tasks.rows import Row, encode_row
from seedbed.testing.format_facts import as_text, content, encoded
from seedbed.testing.format_files import FormatFileContract
from seedbed.testing.format_uploads import FormatUploadContract

_MANY = 1000
_TEXTS: list[Row] = [
    {"title": "first", "text": 'quotes " and , commas\nand lines', "lang": "en"},
    {"title": "second", "text": "é 🌱 ‮", "lang": "de"},
]
_EXACT_TEXTS: list[Row] = [
    {"title": text, "text": text, "lang": text}
    for text in ("", " spaced ", "1", "1.0", "true", "null", "2024-01-02", "a\r\nb\n", "\t", "\u2028", "# -")
]
"""Texts that look like something else."""
_DAY = 86_400.0
_NOW = time.time
_SHAPES: dict[str, list[Row]] = {
    "a column absent at first": [{"a": "1"}] * _MANY + [{"a": "2", "late": "here"}],
    "None many times, then text": [{"a": None, "b": "x"}] * _MANY + [{"a": "text", "b": "x"}],
    "int, then float": [{"a": 1}] * _MANY + [{"a": 2.5}],
    "ints of 64 bits": [{"a": 2**64 - 1, "b": -(2**63)}, {"a": 0, "b": 2**63 - 1}],
    "int and text mixed": [{"a": 1}, {"a": "1"}, {"a": "null"}],
    "bool and int mixed": [{"a": True}, {"a": 1}, {"a": False}],
    "a dictionary whose keys change": [{"a": {"x": 1}}, {"a": {"y": "z"}}, {"a": {"x": 2.5}}],
    "lists of dictionaries": [{"a": [{"role": "user", "content": "hi"}]}, {"a": []}],
    "a column that goes away": [{"a": "1", "b": "x"}] * 3 + [{"a": "2"}] * _MANY,
    "columns of any name": [{"Text": "1", "text": "2", "a.b c": "3"}],
    "columns in another order": [{"a": "1", "b": "2"}, {"b": "3", "a": "4"}],
}
"""Rows whose columns change on the way: after a long run, nobody wants to hear that they don't fit."""


class FormatContract(FormatFileContract, FormatUploadContract):
    """What Seedbed expects of every format.

    You give two facts: the format, by the name that it's registered under or its class, and the ending:

        class TestSpreadsheet(FormatContract):
            format = "spreadsheet"
            place = "rows.xlsx"

    For a scheme, `place` is an address, such as `box://team/set`. `exact` says whether values keep their
    type; in a format of texts they needn't. A scheme's uploads are tested if `uploaded` is overridden.
    `wrong_places` are addresses or files that `check` must refuse.
    """

    def test_it_does_something(self) -> None:
        """It defines `read`, `write` or `upload`: otherwise nothing can be done with it."""
        cls = self._class()
        assert [action for action in ("read", "write", "upload") if cls.can(action)], (
            f"'{cls.__name__}' defines neither `read`, `write` nor `upload`"
        )

    @pytest.mark.parametrize("shape", _SHAPES)
    def test_rows_come_back(self, made: Format, path: Path, shape: str) -> None:
        """Rows that are written can be read again: all of them, in order, with all columns.

        A column may first appear in the last row, be None for long, or change its type. A dataset that can't
        be written is lost work, so nothing of this may be an error.
        """
        self._needs("read", "write")
        rows = _SHAPES[shape]
        back = self._back(made, path, rows)
        assert len(back) == len(rows), f"{len(rows)} rows were written, and {len(back)} read"
        columns = {name for row in rows for name, value in row.items() if value is not None}
        read = {name for row in back for name in row}
        assert columns <= read, f"the columns {sorted(columns - read)} are lost"
        if self.exact:
            assert [as_text(row) for row in back] == [as_text(row) for row in rows]

    def test_texts_come_back_as_they_are(self, made: Format, path: Path) -> None:
        """Texts are the same to the character: with quotes, commas, line breaks, spaces and emoji.

        A text that looks like a number or a date is a text, unless `exact` is False.
        """
        self._needs("read", "write")
        rows = _TEXTS + (_EXACT_TEXTS if self.exact else [])
        assert [as_text(row) for row in self._back(made, path, rows)] == [as_text(row) for row in rows]

    def test_no_rows_make_a_dataset(self, made: Format, path: Path) -> None:
        """A dataset without rows is a dataset: a filter may let nothing through."""
        self._needs("write")
        made.write([], path, None)
        assert path.exists(), "nothing was written"
        if type(made).can("read"):
            assert [*made.read(path, Reading())] == []

    def test_it_writes_where_it_is_told(self, made: Format, path: Path) -> None:
        """It writes to the path that it gets, and nowhere else: the old dataset is still there meanwhile."""
        self._needs("write")
        made.write(encoded(_TEXTS), path, None)
        found = sorted(one.name for one in path.parent.iterdir())
        assert found == [path.name], f"it left {found}"
        assert path.is_dir() is self._class().is_folder, "`is_folder` says otherwise"

    def test_the_same_rows_make_the_same_bytes(
        self, made: Format, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Written twice, rows are the same bytes: people compare datasets by their digest."""
        self._needs("write")
        contents = []
        for name in ("one", "two"):
            target = path.parent / name / path.name
            target.parent.mkdir()
            # Where a file is replaced, an empty one is there, so that nobody else can read the new one.
            if name == "two" and not self._class().is_folder:
                target.touch()
            made.write(encoded(_TEXTS), target, None)
            contents.append(content(target))
            # The next one is written a day later, by a format that has written something else.
            made.write(encoded([{"otherwise": "1"}]), target.with_name(f"other-{path.name}"), None)
            monkeypatch.setattr(time, "time", lambda: _NOW() + _DAY)
            made = self._class()()
        assert contents[0] == contents[1], (
            "the bytes differ: leave out times and random names, and keep nothing in the class"
        )

    def test_rows_may_come_twice_at_most(self, made: Format, path: Path) -> None:
        """It goes over the rows twice at most: they come from a database, and there may be millions."""
        self._needs("write")
        rows = _Counted(_TEXTS)
        made.write(rows, path, None)
        assert rows.passes <= 2, f"it went over the rows {rows.passes} times"

    def test_places_and_columns_are_as_asked(self, made: Format, path: Path) -> None:
        """Each row comes with its place, in ascending order, and only with columns that are wanted."""
        self._needs("read", "write")
        made.write(encoded(_TEXTS), path, None)
        placed = [*made.read(path, Reading(columns=("title", "text"), drop=("text",)))]
        places = [place for place, _ in placed]
        assert places == sorted(set(places)), f"the places are {places}"
        assert all(isinstance(place, int) and place >= 1 for place in places), f"the places are {places}"
        # A format may leave it to its caller to drop columns, but not return others.
        assert [row.get("title") for _, row in placed] == ["first", "second"]
        found = {name for _, row in placed for name in row}
        assert found == {"title"}, f"`reading.wants` wants the column title only, and it read {sorted(found)}"

    def test_what_is_no_dataset_is_a_dataset_error(self, made: Format, path: Path) -> None:
        """A file that holds something else raises `DatasetError`, which names the file."""
        self._needs("read")
        if self._class().is_folder:
            path.mkdir()
            (path / "notes.txt").write_bytes(b"\x00\xff no rows")
        else:
            path.write_bytes(b"\x00\xff\x00 no rows \xfe\n{")
        with pytest.raises(DatasetError) as raised:
            list(made.read(path, Reading()))
        assert path.name in str(raised.value), f"the message doesn't name {path.name}: {raised.value}"

    def test_wrong_places_are_refused_before_the_run(self, made: Format) -> None:
        """`check` raises `UsageError` for a place that it can't use, before anything is spent."""
        if not self.wrong_places:
            pytest.skip(f"{self.subject} has no wrong places: see `wrong_places`")
        for place in self.wrong_places:
            try:
                made.check(place)
            except UsageError:
                continue
            pytest.fail(f"`check` has nothing against {place!r}")


class _Counted:
    """Encoded rows that count how often they're iterated."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.passes = 0

    def __iter__(self) -> Iterator[bytes]:
        self.passes += 1
        return iter([encode_row(row) for row in self._rows])
