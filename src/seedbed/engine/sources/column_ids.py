"""Ids of rows by columns that the user names: no two rows may have the same."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from seedbed.engine.sources.digest_set import DigestSet
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.id_giving import GivenIds, RowIds
from seedbed.engine.sources.input_rows import InputRows
from seedbed.errors import DatasetError


class ColumnIds(RowIds):
    """Ids of rows by their own columns; a row that has that of an earlier one is an error.

    `first_with` returns the place of the first row with an id, and what its columns hold, by reading the
    source again. If it can't be read again, `name_of` returns what people call its row of a number, from 0.
    """

    # An id takes a few bytes, as there may be millions: which row had it before is found if one comes again.

    def __init__(
        self,
        columns: IdColumns,
        *,
        first_with: Callable[[str], tuple[str, str] | None] | None = None,
        name_of: Callable[[int], str] = "row {}".format,
    ) -> None:
        self._columns = columns
        self._first_with = first_with
        self._name_of = name_of
        self._seen = DigestSet()
        self._in_order: array[int] | None = None if first_with else array("Q")

    @classmethod
    def of_input(cls, columns: IdColumns, given: InputRows) -> ColumnIds:
        """Return what gives the rows of an input their ids."""
        if not given.is_kept:
            # A line of a pipe may be blank, so lines aren't counted here.
            whole = "input" if given.files is None else f"'{given.files.paths[0].name}'"
            return cls(columns, name_of=lambda number: f"row {number + 1} of {whole}")

        def first_with(row_id: str) -> tuple[str, str] | None:
            for number, row in given.narrowed(columns.names).rows():
                if columns.find(row) == row_id:
                    return given.name_of(number), columns.told(row)
            return None

        return cls(columns, first_with=first_with)

    def of_all(
        self, encoded: Sequence[bytes], place: Callable[[int], str], rows: Sequence[Any] | None = None
    ) -> GivenIds:
        """Return the ids of the next rows, up to the first that has none of its own."""
        decoded = [*map(orjson.loads, encoded)] if rows is None else rows
        ids, error = self._columns.of_all(decoded), None
        if ids is None:
            ids, error = self._one_by_one(decoded, place)
        # Python's own hash: it takes a tenth of the time of a digest, and these are gone with the process.
        hashes = array("Q", array("q", map(hash, ids)).tobytes())
        known = self._seen.add_all(hashes)
        if self._in_order is not None:
            self._in_order += hashes
        for i in known:
            twice = self._twice(ids[i], hashes[i], place(i), decoded[i])
            if twice is not None:
                return GivenIds(ids[:i], twice)
        return GivenIds(ids, error)

    def of_invalid(self, row: Any, number: int, place: str) -> str:
        """Return the id of a row whose other columns have no JSON; raise DatasetError if it has none."""
        named = self.of_all([b""], lambda i: place, [row])
        if named.error is not None:
            raise named.error
        return named.ids[0]

    def see(self, row_id: str) -> None:
        """Take the id of a row of an earlier session."""
        self._seen.add(hash(row_id) % 2**64)

    def _one_by_one(
        self, rows: Sequence[Any], place: Callable[[int], str]
    ) -> tuple[list[str], DatasetError | None]:
        ids: list[str] = []
        for i, row in enumerate(rows):
            try:
                ids.append(self._columns.of(row))
            except DatasetError as error:
                return ids, DatasetError(f"{place(i)} {error.fact}", *error.advice)
        return ids, None

    def _twice(self, row_id: str, hashed: int, place: str, row: Any) -> DatasetError | None:
        """Return the error of a row that has the id of an earlier one; None if only its hash is the same."""
        told, first = self._columns.told(row), ""
        if self._first_with is None:
            assert self._in_order is not None
            first, first_told = self._name_of(self._in_order.index(hashed)), told
        else:
            found = self._first_with(row_id)
            if found is None or found[0] == place:
                return None
            first, first_told = found
        alike = f"the first has {first_told}, and both are written as '{row_id}'"
        return DatasetError(
            f"{first} and {place} have the same id: {told}",
            *([] if first_told == told else [alike]),
            "make the ids different, or name more columns, which make up the id together:",
            "--id A --id B (`id: [A, B]` in files, id=['A', 'B'] in Python)",
        )
