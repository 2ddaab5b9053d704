"""Packs pieces of a text, such as sentences, into passages of a size, with an overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from seedbed_data.sentences import Span


class Packing(NamedTuple):
    """How passages are packed: each has at most `size` by `count`, and begins with `overlap` of the last one.

    packing = Packing(count_words, size=5, overlap=2)
    [*packing.passages("a b c. d e. f g.", [(0, 6), (7, 11), (12, 16)])]  # [(0, 11), (7, 16)]

    `count` says how large a text is, in words or tokens. A piece that is larger than `size` is a passage of
    its own.
    """

    count: Callable[[str], int]
    size: int
    overlap: int

    def passages(self, text: str, pieces: Sequence[Span]) -> Iterator[Span]:
        """Yield passages of as many pieces as fit, each with as many of the last one's as may overlap."""
        first = after = 0
        while after < len(pieces):
            after = self._end(text, pieces, first, after + 1)
            yield pieces[first][0], pieces[after - 1][1]
            first = self._next_first(text, pieces, first, after)

    def _end(self, text: str, pieces: Sequence[Span], first: int, after: int) -> int:
        """Return the end of the longest run of pieces from `first` that fits, at least up to `after`."""
        # In growing steps, then in shrinking ones: one by one, the text of a long passage would be counted as
        # often as it has pieces.
        step, grows = 1, True
        while step:
            most = after + step
            if most <= len(pieces) and self._fits(text, pieces[first][0], pieces[most - 1][1], self.size):
                after = most
            else:
                grows = False
            step = step * 2 if grows else step // 2
        return after

    def _next_first(self, text: str, pieces: Sequence[Span], first: int, after: int) -> int:
        """Return the first piece of the next passage, which has as many of this one's as may overlap."""
        if after == len(pieces) or not self.overlap:
            return after
        begin, end = after, pieces[after - 1][1]
        while (
            begin - 1 > first
            and self._fits(text, pieces[begin - 1][0], end, self.overlap)
            and self._fits(text, pieces[begin - 1][0], pieces[after][1], self.size)
        ):
            begin -= 1
        return begin

    def _fits(self, text: str, start: int, end: int, most: int) -> bool:
        return self.count(text[start:end]) <= most
