"""Stretches of items that steps in a line have settled, each with one row or one reason why it has none."""

from __future__ import annotations

import time
from typing import NamedTuple

from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.store.row_blocks import NOTHING

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

    def add(self, row_id: str, made: list[bytes], refusal: Refusal | None, size: int) -> None:
        """Add an item, the rows that the steps made of it, why it was rejected, and the bytes of it all."""
        if refusal is not None:
            self.refused[len(self.ids)] = refusal
        self.ids.append(row_id)
        self.made.append(made)
        self.size += size

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
