"""Input rows on their way through steps in a line, all of them through one step before the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from seedbed.engine.failure import Failure
from seedbed.engine.segments.row_block import BlockRefusal, RowBlock, part_of_data
from seedbed.engine.segments.row_lines import RowLines
from seedbed.engine.sources.stretches import Stretch
from seedbed.errors import Reject
from seedbed.store.row_blocks import entries


class Passage:
    """A stretch of rows, and what steps have made of them so far; the first one is number `position` of all.

    `going` are those that no step has refused, by their number in the stretch, and `rows` is what the next
    step gets of each. `made` has the data of a block for each step so far.
    """

    def __init__(self, stretch: Stretch, position: int) -> None:
        self.stretch = stretch
        self.position = position
        self.going: Sequence[int] = range(len(stretch))
        self.rows = stretch.rows
        self.made: list[bytes] = []
        self._refused: dict[int, BlockRefusal] = {}

    def __len__(self) -> int:
        return len(self.stretch)

    def block(self) -> RowBlock:
        """Return the block of all rows, once they have passed all steps."""
        size = sum(map(len, self.stretch.encoded)) + sum(map(len, self.made))
        return RowBlock(self.stretch.ids, self.made, self._refused, size)

    def part(self, first: int, end: int) -> Passage:
        """Return the rows from number `first` on and before `end`."""
        if first == 0 and end == len(self):
            return self
        part = Passage(self.stretch.part(first, end), self.position + first)
        here = [n for n, i in enumerate(self.going) if first <= i < end]
        part.going = [self.going[n] - first for n in here]
        part.rows = [self.rows[n] for n in here]
        part.made = [part_of_data(data, first, end) for data in self.made]
        part._refused = {i - first: one for i, one in self._refused.items() if first <= i < end}
        return part

    def pass_step(self, step: str, lines: RowLines, reasons: Mapping[int, Reject]) -> None:
        """Take what the next step made of the rows, a line for each, and why it rejected others."""
        data, self.rows = lines.data(), lines.rows()
        if reasons:
            self._refuse(step, reasons)
        self.made.append(data)

    def decode_again(self) -> None:
        """Make the rows that the next step gets once more: it has got them, and may have changed them."""
        given = self.given()
        self.rows = [orjson.loads(given[i]) for i in self.going]

    def made_of(self, i: int) -> list[bytes]:
        """Return what each step so far has made of row `i`, as JSON."""
        return [_entries(data)[i] for data in self.made]

    def given(self) -> list[bytes]:
        """Return the JSON of what the next step gets of each row."""
        return _entries(self.made[-1]) if self.made else self.stretch.encoded

    def _refuse(self, step: str, reasons: Mapping[int, Reject]) -> None:
        self.going = [i for i in self.going if i not in reasons]
        given, stretch = self.given(), self.stretch
        for i, reason in reasons.items():
            failure = Failure.of(stretch.ids[i], step, reason, rejected=True, source=stretch.place(i))
            source = b'{"row":' + stretch.encoded[i] + b"}" if self.made else b"null"
            evidence = b'{"input":{"row":' + given[i] + b'},"source_row":' + source + b',"asked":[]}'
            self._refused[i] = BlockRefusal(len(self.made), failure, evidence)


def _entries(data: bytes) -> list[bytes]:
    return entries(data, "rows of a block")
