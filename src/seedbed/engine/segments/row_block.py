"""Stretches of items that steps in a line have settled, each with one row or one reason why it has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.store.row_blocks import block_data, entries


class BlockRefusal(NamedTuple):
    """Why a row was rejected: by which step (its number in the line), and with what evidence (JSON)."""

    number: int
    failure: Failure
    evidence: bytes


class RowBlock:
    """Consecutive items, in order: `ids`, the rows that the steps of the line made of them, and `refused`.

    `made[number]` is the data of a block: the row that step `number` made of each item, `{}` if it made none.
    `refused` has the rejected items by their number. `size` counts the bytes of it all.
    """

    error: BaseException | None = None

    __slots__ = ("ids", "made", "refused", "size")

    def __init__(
        self, ids: list[str], made: Sequence[bytes], refused: dict[int, BlockRefusal], size: int = 0
    ) -> None:
        self.ids = ids
        self.made = made
        self.refused = refused
        self.size = size

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def accepted(self) -> int:
        """The number of items that passed all steps."""
        return len(self.ids) - len(self.refused)

    def passed(self, number: int) -> int:
        """Return how many items passed step `number`."""
        return len(self.ids) - sum(refusal.number <= number for refusal in self.refused.values())

    def last_rows(self) -> list[bytes]:
        """Return the row that the last step made of each item, `{}` if it made none."""
        return entries(self.made[-1], "rows of a block")

    def rows(self) -> list[bytes]:
        """Return the rows that passed all steps."""
        return [row for i, row in enumerate(self.last_rows()) if i not in self.refused]

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
        if first == 0 and end >= len(self.ids):
            return self
        made = [part_of_data(data, first, end) for data in self.made]
        refused = {i - first: refusal for i, refusal in self.refused.items() if first <= i < end}
        return RowBlock(self.ids[first:end], made, refused)

    def leading(self, is_meant: Callable[[Failure], bool]) -> int:
        """Return how many of the first items were rejected, each for a reason that is meant."""
        count = 0
        while count in self.refused and is_meant(self.refused[count].failure):
            count += 1
        return count

    def outcome(self, leaf: str) -> ItemOutcome:
        """Return the first item's outcome."""
        outcome = ItemOutcome(0, self.ids[0])
        if 0 in self.refused:
            outcome.note(self.refused[0].failure)
        else:
            outcome.made[leaf] = [InFlight(self.ids[0], self.last_rows()[0], leaf)]
        return outcome


def part_of_data(data: bytes, first: int, end: int) -> bytes:
    """Return the data of a block with the entries from number `first` on and before `end`."""
    return block_data(entries(data, "rows of a block")[first:end])
