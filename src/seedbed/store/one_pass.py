"""Writing rows as columns in one pass, as long as the types of the first rows hold for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from seedbed.store.columnar import ColumnarRows, batch_of, schema_of
from seedbed.store.row_chunks import BATCH_ROWS, decoded_chunks, decoded_rows
from seedbed.store.schema import Kind, widen_columns, writable_kinds
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_ROWS = 10_000
"""Rows that are read before the first is written: most columns that are ever there have a value by then."""

FIRST_BYTES = 2**24
"""Bytes after which fewer are enough, as they're in memory."""

Opened: TypeAlias = "Callable[[pa.Schema], AbstractContextManager[Callable[[pa.RecordBatch], object]]]"
"""Opens the file for batches of a schema, replacing what was written before; yields what adds a batch."""


def write_batches(rows: Iterable[bytes], types: bytes | None, opened: Opened) -> None:
    """Write all rows as batches of one schema: in one pass if that of the first rows fits, else in two.

    `types` is the serialised schema of the run's input: whether columns keep it shows only after all rows.
    """
    known: dict[str, Kind] | None = None
    if types is None:
        attempt = _OnePass(rows)
        if attempt.write(opened):
            return
        known = attempt.kinds()
    columnar = ColumnarRows(rows, types, known)
    with opened(columnar.schema) as add:
        for batch in columnar.batches():
            add(batch)


class _OnePass:
    """Infers the types of rows as it writes them."""

    def __init__(self, rows: Iterable[bytes]) -> None:
        self._left = iter(rows)
        self._found: dict[str, Kind] = {}

    def kinds(self) -> dict[str, Kind]:
        """Return the types of all rows read so far."""
        return writable_kinds(self._found)

    def write(self, opened: Opened) -> bool:
        """Write all rows; return False if some don't fit, after reading all: the types are those of all."""
        first = [*_first_of(self._left)]
        for start in range(0, len(first), BATCH_ROWS):
            widen_columns(self._found, decoded_rows(first[start : start + BATCH_ROWS]))
        kinds = self.kinds()
        schema = schema_of(kinds)
        with opened(schema) as add:
            for start in range(0, len(first), BATCH_ROWS):
                add(batch_of(decoded_rows(first[start : start + BATCH_ROWS]), schema))
            first.clear()
            for chunk in self._looked_at():
                if (now := self.kinds()) != kinds:
                    if not schema_of(now).equals(schema, check_metadata=True):
                        break
                    kinds = now
                add(batch_of(chunk, schema))
            else:
                return True
        for _ in self._looked_at():
            pass
        return False

    def _looked_at(self) -> Iterator[list[Row]]:
        for chunk in decoded_chunks(self._left):
            widen_columns(self._found, chunk)
            yield chunk


def _first_of(rows: Iterator[bytes]) -> Iterator[bytes]:
    """Yield rows, a whole number of batches, until there are enough of them."""
    count = size = 0
    while count < FIRST_ROWS and size < FIRST_BYTES and (chunk := [*islice(rows, BATCH_ROWS)]):
        count += len(chunk)
        size += sum(map(len, chunk))
        yield from chunk
