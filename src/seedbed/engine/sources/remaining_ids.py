"""Ids of rows that a step over all rows made: some still have their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from seedbed.engine.sources.content_ids import ContentIds, row_digest
from seedbed.engine.sources.digest_set import DigestSet
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.id_giving import GivenIds, RowIds


class RemainingIds(RowIds):
    """Ids of rows by their columns, if these are still there; others are known by what they hold.

    Such a step may leave out the columns, or make several rows of one: the first of these keeps the id.
    """

    def __init__(self, columns: IdColumns) -> None:
        self._columns = columns
        self._content = ContentIds()
        # Not of Python's hashes, which differ from process to process: an id must not.
        self._seen = DigestSet()

    def of_all(
        self, encoded: Sequence[bytes], place: Callable[[int], str], rows: Sequence[Any] | None = None
    ) -> GivenIds:
        """Return the ids of the next rows; each has one."""
        # Of all rows, so that the number in an id counts the equal rows before it, whatever ids those have.
        ids = self._content.of_all(encoded).ids
        for i, row in enumerate(map(orjson.loads, encoded) if rows is None else rows):
            own = self._columns.find(row)
            if own is not None and self._seen.add(int.from_bytes(row_digest(own.encode()))):
                ids[i] = own
        return GivenIds(ids)

    def of_invalid(self, row: Any, number: int, place: str) -> str:
        """Return an id made of its number."""
        return self._content.of_invalid(row, number, place)

    def see(self, row_id: str) -> None:
        """Take nothing: the rows of such a step are read from the first one."""
