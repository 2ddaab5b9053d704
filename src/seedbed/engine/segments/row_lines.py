"""Rows that are encoded together, which takes a fraction of the time that single rows take."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import orjson

from seedbed.store.row_blocks import block_data
from seedbed.tasks.rows import SCALARS, STRICT, Row, encode_row

_AT_A_TIME = 16
"""Rows that are encoded together: after so many, the bytes of large rows are known."""


class RowLines:
    """Rows, copied as they're added, and their JSON with one line for each.

        lines = RowLines()
        lines.add({"text": "a"})
        lines.skip(1)
        lines.data()  # b'[\\n{"text":"a"},\\n{}\\n]'
        lines.rows()  # [{"text": "a"}]

    `size` counts the bytes so far, except those of the last few rows. `add` raises InvalidRowError for a row
    that can't be written. Unless all rows `are_checked`, a text or an integer that can't be written is found
    a few rows later, and any method raises TypeError for it.
    """

    # One by one, rows of a hundred bytes take 0.8 us each, and together 0.1: orjson's buffers take more time
    # than the encoding.

    def __init__(self, *, are_checked: bool = False) -> None:
        self.size = 0
        self._are_checked = are_checked
        self._kinds: set[type] = set()
        self._harmless = -1
        self._lines: list[bytes] = []
        self._last: list[Row] = []
        self._rows: list[Row] = []
        self._has_gaps = False

    def add(self, row: Row) -> None:
        """Add a row."""
        kinds = self._kinds
        kinds.update(map(type, row.values()))
        # Most rows have values of the same types as those before.
        if len(kinds) != self._harmless and not self._are_harmless():
            # At once: others may hold its lists and dictionaries, and change them before its turn comes.
            self._add_encoded(encode_row(row))
            return
        copy = row.copy()
        self._rows.append(copy)
        last = self._last
        last.append(copy)
        if len(last) == _AT_A_TIME:
            self._close()

    def add_known(self, row: Row, encoded: bytes) -> None:
        """Add a row of texts, numbers, booleans and None that is nobody else's, with its JSON."""
        if self._last:
            self._close()
        self._lines.append(encoded)
        self.size += len(encoded)
        self._rows.append(row)

    def add_all(self, rows: Sequence[Row]) -> None:
        """Add rows that nobody changes meanwhile; a row without columns becomes an empty line."""
        kinds = {*map(type, chain.from_iterable(map(dict.values, rows)))}
        if self._are_checked or not kinds <= SCALARS:
            for row in rows:
                if row:
                    self.add(row)
                else:
                    self.skip(1)
            return
        self._kinds |= kinds
        copies = [row.copy() for row in rows]
        there = [row for row in copies if row]
        self._rows += there
        self._has_gaps = self._has_gaps or len(there) < len(copies)
        self._close()
        for start in range(0, len(copies), _AT_A_TIME):
            self._last = copies[start : start + _AT_A_TIME]
            self._close()

    def _are_harmless(self) -> bool:
        """Whether nobody can change a value of the rows."""
        if self._are_checked or not self._kinds <= SCALARS:
            return False
        self._harmless = len(self._kinds)
        return True

    def skip(self, count: int) -> None:
        """Add empty lines (`{}`), for items that have no row."""
        for _ in range(count):
            self._has_gaps = True
            self._last.append({})
            if len(self._last) == _AT_A_TIME:
                self._close()

    def data(self) -> bytes:
        """Return the lines as the data of a block."""
        self._close()
        return block_data(self._lines)

    def rows(self) -> list[Row]:
        """Return what `add` got, as its JSON is decoded; the caller may change it."""
        if float not in self._kinds:
            return self._rows
        # JSON has no NaN: such a row isn't what has been added.
        decoded: list[Row] = orjson.loads(self.data())
        return [row for row in decoded if row] if self._has_gaps else decoded

    def _add_encoded(self, encoded: bytes) -> None:
        self._close()
        self._lines.append(encoded)
        self.size += len(encoded)
        self._rows.append(orjson.loads(encoded))

    def _close(self) -> None:
        if not self._last:
            return
        together = orjson.dumps(self._last, option=STRICT)[1:-1]
        self.size += len(together)
        # A text may have the same characters: then there are more of them than rows.
        if together.count(b"},{") == len(self._last) - 1:
            self._lines.append(together.replace(b"},{", b"},\n{"))
        else:
            self._lines += [orjson.dumps(row, option=STRICT) for row in self._last]
        self._last = []
