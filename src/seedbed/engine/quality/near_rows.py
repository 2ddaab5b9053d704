"""Finds the row among the latest ones that a row resembles most."""

from __future__ import annotations

from collections import Counter, deque

from seedbed.engine.quality.sketch import Sketch, similarity

LIKE = 0.8
"""Similarity from which two texts are near duplicates, as for the step `dedup-near`."""

_KEPT = 20_000
"""Rows that are remembered: about 1.5 kB each, 30 MB in all."""

_KEYS = 8
"""Digests by which a row is found: two rows at the threshold share one in all but 0.001 % of cases."""

_COMPARED = 2
"""Rows that are compared as a whole, of those with a digest in common: the ones that share most of them."""


class NearRows:
    """Remembers the sketches of the latest rows that weren't near duplicates."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._sketches: dict[int, Sketch] = {}
        self._order: deque[int] = deque()
        # The latest row of each digest; rows of one kind share some, and are found by those of their own.
        self._rows: dict[int, int] = {}
        self._next = 0

    def add(self, sketch: Sketch) -> bool:
        """Remember a row; return False, and forget it, if it's nearly a copy of one that is remembered."""
        keys, rows = sketch[:_KEYS], self._rows
        found = [rows[key] for key in keys if key in rows]
        if found and self._is_near(sketch, found):
            return False
        for key in keys:
            rows[key] = self._next
        self._sketches[self._next] = sketch
        self._order.append(self._next)
        self._next += 1
        if len(self._order) > self._kept:
            self._forget(self._order.popleft())
        return True

    def _is_near(self, sketch: Sketch, found: list[int]) -> bool:
        # Copies are common where near duplicates are, and comparing takes as long as all else.
        if self._sketches[found[0]] == sketch:
            return True
        likely = Counter(found).most_common(_COMPARED)
        return any(similarity(sketch, self._sketches[row]) >= LIKE for row, _ in likely)

    def _forget(self, row: int) -> None:
        for key in self._sketches.pop(row)[:_KEYS]:
            if self._rows.get(key) == row:
                del self._rows[key]
