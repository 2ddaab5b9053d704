"""A sample of rows that depends on their ids alone, whatever their order and number."""

from __future__ import annotations

import hashlib
import heapq
from typing import NamedTuple


class Sampled(NamedTuple):
    """A row of the sample: its id, its line in the dataset from 1, and its texts."""

    row: str
    line: int
    texts: dict[str, str]


class RowSample:
    """Keeps at most `size` rows: those whose ids have the smallest digests. Raises nothing."""

    # So two runs that share rows are compared by the same ones, and nothing is left to a generator's seed.

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: list[tuple[int, int, Sampled]] = []

    def takes(self, row: str) -> bool:
        """Whether a row would be kept now."""
        return len(self._kept) < self._size or -_place(row) > self._kept[0][0]

    def add(self, sampled: Sampled) -> None:
        """Keep a row, and drop the one with the largest digest if there are too many."""
        entry = (-_place(sampled.row), sampled.line, sampled)
        if len(self._kept) < self._size:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    def rows(self) -> list[Sampled]:
        """Return the rows kept, in the order of the dataset."""
        return sorted((sampled for _, _, sampled in self._kept), key=lambda one: one.line)


def _place(row: str) -> int:
    return int.from_bytes(hashlib.blake2b(row.encode(), digest_size=8).digest(), "big")
