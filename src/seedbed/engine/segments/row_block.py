"""Stretches of items that repeatable steps have settled, each with one row or one reason why it has none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.repeatable_line import Repeatable
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.errors import Reject
from seedbed.store.row_blocks import NOTHING
from seedbed.tasks.rows import encode_row, is_flat

MOST_ITEMS = 256
"""Items of a block."""

MOST_BYTES = 2**20
"""Bytes of rows after which a block has no more items."""

MOST_SECONDS = 0.05
"""Time after which a block has no more items: slow steps don't hold back the rows before."""


class Refusal(NamedTuple):
    """Why a row was rejected: by which step (its number in the line), and with what evidence (JSON)."""

    number: int
    failure: Failure
    evidence: bytes


class RowBlock:
    """Consecutive items, in order: `ids`, the rows that the steps of the line made of them, and `refused`.

    `made[i]` has the rows that the steps made of item `i`, one of each step that it passed. `refused` has the
    rejected items by their number `i`. `size` counts the bytes of the rows.
    """

    error: BaseException | None = None

    __slots__ = ("_begun", "ids", "made", "refused", "size")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.made: list[list[bytes]] = []
        self.refused: dict[int, Refusal] = {}
        self.size = 0
        self._begun = time.monotonic()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def accepted(self) -> int:
        """The number of items that passed all steps."""
        return len(self.ids) - len(self.refused)

    @property
    def is_full(self) -> bool:
        """Whether it's time for another block."""
        return (
            len(self.ids) >= MOST_ITEMS
            or self.size >= MOST_BYTES
            or time.monotonic() - self._begun > MOST_SECONDS
        )

    def passed(self, number: int) -> int:
        """Return how many items passed step `number`."""
        return len(self.ids) - sum(refusal.number <= number for refusal in self.refused.values())

    def rows_of(self, number: int) -> list[bytes]:
        """Return the row that step `number` made of each item, `{}` if it made none."""
        if not self.refused:
            return [rows[number] for rows in self.made]
        return [rows[number] if len(rows) > number else NOTHING for rows in self.made]

    def rows(self) -> list[bytes]:
        """Return the rows that passed all steps."""
        return [rows[-1] for i, rows in enumerate(self.made) if i not in self.refused]

    def up_to(self, rows: int) -> RowBlock:
        """Return the beginning of the block that has so many rows; items after the last one are left out."""
        if self.accepted < rows:
            return self
        count = 0
        while rows > 0:
            rows -= count not in self.refused
            count += 1
        return self.part(0, count)

    def part(self, first: int, end: int) -> RowBlock:
        """Return the items from number `first` on and before `end`."""
        part = RowBlock()
        part.ids, part.made = self.ids[first:end], self.made[first:end]
        part.refused = {i - first: refusal for i, refusal in self.refused.items() if first <= i < end}
        return part

    def outcome(self, leaf: str) -> ItemOutcome:
        """Return the first item's outcome."""
        outcome = ItemOutcome(0, self.ids[0])
        if 0 in self.refused:
            outcome.note(self.refused[0].failure)
        else:
            outcome.made[leaf] = [InFlight(self.ids[0], self.made[0][-1], leaf)]
        return outcome


class BlockLine:
    """Steps in a line that are all repeatable, and fill blocks."""

    def __init__(self, line: Sequence[Repeatable]) -> None:
        self._line = line

    def add(self, in_flight: InFlight, block: RowBlock) -> bool:
        """Take an item through the steps and add it to a block; return False if it doesn't fit into one.

        It fits if each step makes one row of it, or if one rejects it. All else is left to the steps'
        runners, which apply them again.
        """
        made: list[bytes] = []
        size = len(in_flight.encoded)
        refusal: Refusal | None = None
        try:
            row = in_flight.row()
            for step in self._line:
                new = step.process(row)
                if type(new) is not dict or not (new.keys() >= step.promised):
                    return False
                encoded = encode_row(new)
                made.append(encoded)
                size += len(encoded)
                # What one step may keep isn't what the next one may change.
                row = new.copy() if is_flat(new) else orjson.loads(encoded)
        except Reject as reason:
            refusal = self._refusal(in_flight, made, reason)
        except BaseException:  # noqa: BLE001 - the step's runner meets it again
            return False
        if NOTHING in made:
            return False
        if refusal is not None:
            block.refused[len(block.ids)] = refusal
        block.ids.append(in_flight.id)
        block.made.append(made)
        block.size += size
        return True

    def _refusal(self, in_flight: InFlight, made: Sequence[bytes], reason: Reject) -> Refusal:
        name = self._line[len(made)].name
        failure = Failure.of(in_flight.id, name, reason, rejected=True, source=in_flight.place)
        given = made[-1] if made else in_flight.encoded
        source = b'{"row":' + in_flight.encoded + b"}" if made else b"null"
        evidence = b'{"input":{"row":' + given + b'},"source_row":' + source + b',"asked":[]}'
        return Refusal(len(made), failure, evidence)
