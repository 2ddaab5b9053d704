"""Writing rows as columns in one pass, as long as the types of the first rows hold for all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from seedbed.store.column_schema import Kind, widen_columns, writable_kinds
from seedbed.store.columnar import ColumnarRows, batch_of, schema_of
from seedbed.store.line_batches import batch_of_lines
from seedbed.store.row_chunks import decoded_rows, encoded_chunks

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
        first = deque(_first_of(self._left))
        for chunk in first:
            widen_columns(self._found, decoded_rows(chunk))
        schema = schema_of(self.kinds())
        with opened(schema) as add:
            for chunk in chain(_emptied(first), encoded_chunks(self._left)):
                if (batch := self._batch(chunk, schema)) is None:
                    break
                add(batch)
            else:
                return True
        for chunk in encoded_chunks(self._left):
            widen_columns(self._found, decoded_rows(chunk))
        return False

    def _batch(self, rows: Sequence[bytes], schema: pa.Schema) -> pa.RecordBatch | None:
        """Return rows as a batch, and widen the types to them; None if they have another schema then."""
        if (read := batch_of_lines(rows, self.kinds(), schema)) is not None:
            batch, self._found = read
            return batch
        decoded = decoded_rows(rows)
        before = self.kinds()
        widen_columns(self._found, decoded)
        kinds = self.kinds()
        if kinds != before and not schema_of(kinds).equals(schema, check_metadata=True):
            return None
        return batch_of(decoded, schema)


def _emptied(chunks: deque[list[bytes]]) -> Iterator[list[bytes]]:
    while chunks:
        yield chunks.popleft()


def _first_of(rows: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield rows, some at a time, until there are enough of them."""
    count = size = 0
    for chunk in encoded_chunks(rows):
        count += len(chunk)
        size += sum(map(len, chunk))
        yield chunk
        if count >= FIRST_ROWS or size >= FIRST_BYTES:
            return
