"""Passing over the records of a CSV file without making their cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from seedbed.store.read_options import Skip


class Records:
    """The lines of a CSV file for `csv.reader`, and a way past whole records.

        lines = Records(text, ",")
        header = next(reader := csv.reader(lines, strict=True))
        lines.skip(skip)

    `passed` is the number of lines that the reader wasn't given, `row` the line on which the current row
    begins, if the caller keeps it. `csv.reader` takes one line at a time, so lines can be passed over between
    two of its records.
    """

    # A resumed run reads the file from its beginning to find where its rows go on: where a record begins
    # can't be told from the middle of a file, since a quoted cell may hold anything. Looking for line ends is
    # what it costs; a kept byte offset for each row would have to be decompressed up to as well.

    def __init__(self, text: Iterator[str], delimiter: str) -> None:
        self._text = text
        self._ending = _Ending(delimiter)
        self.passed = 0
        self.row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._text)

    def skip(self, skip: Skip) -> None:
        """Pass over as many records as `skip` says, or all; raise `csv.Error` where one isn't CSV."""
        is_open = False
        while skip.left and (line := next(self._text, "")):
            self.passed += 1
            # Most lines have no quote.
            if is_open or '"' in line:
                is_open = self._ending.is_open(line, is_open)
            if not (is_open or line in _EMPTY):
                skip.left -= 1
        if is_open:
            raise csv.Error("unexpected end of data")


_EMPTY = frozenset({"\n", "\r\n", "\r"})


class _Ending:
    """Says whether a record goes on after a line, which is so if the line ends within quotes."""

    # Counting quotes isn't enough: in `5" pipe,2` there's one, and nothing is quoted.
    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        mark = re.escape(delimiter)
        inside = r'(?:[^"]++|"")*+'
        cell = rf'(?:"{inside}"|[^"{mark}\r\n][^{mark}\r\n]*+|)'
        begin = rf"(?:{cell}{mark})*+"
        rest = rf"{inside}\"(?:{mark}{begin}{cell}|)"
        self._closed = re.compile(rf"{begin}{cell}[\r\n]*+")
        self._opened = re.compile(rf'{begin}"{inside}')
        self._closed_inside = re.compile(rf"{rest}[\r\n]*+")
        self._opened_inside = re.compile(rf'{inside}(?:"{mark}{begin}"{inside})?+')

    def is_open(self, line: str, was_open: bool) -> bool:
        """Return whether the record goes on after a line; `was_open` says the same of the line before."""
        if (self._closed_inside if was_open else self._closed).fullmatch(line):
            return False
        if (self._opened_inside if was_open else self._opened).fullmatch(line):
            return True
        # It isn't CSV, which its reader says best.
        list(csv.reader(['"' + line if was_open else line], delimiter=self._delimiter, strict=True))
        raise csv.Error("a quote is out of place")
