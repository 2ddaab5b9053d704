"""Steps that need all rows: their rows are complete in the store before any step downstream starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count

import orjson

from seedbed.engine.resume.fingerprint import digest, digest_of
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.segments import INPUT
from seedbed.engine.sources.content_ids import ContentIds
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.id_giving import RowIds
from seedbed.engine.sources.remaining_ids import RemainingIds
from seedbed.engine.sources.sources import Item
from seedbed.engine.stopping.refused_calls import RefusedCalls
from seedbed.llm.files_read import current_files
from seedbed.pipeline.topology import Node
from seedbed.store import Result, Rows, RunStore
from seedbed.tasks.columns.promised import check_promised, promised_columns
from seedbed.tasks.join_steps import CombineStep
from seedbed.tasks.normalise import as_rows, rows_given
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import GlobalStep

# The writer takes whatever it's given, so a step that is faster than the disk has to wait, or its rows pile
# up in memory.
_MOST_PENDING = 10_000


class AllRows:
    """All rows that a step receives; can be iterated any number of times, one row in memory at a time."""

    def __init__(self, encoded: Rows) -> None:
        self._encoded = encoded

    def __iter__(self) -> Iterator[Row]:
        return (orjson.loads(row) for row in self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


class Barrier:
    """Applies a step to all rows of its parents, once for each set of rows; used on a thread.

    `downstream` names the steps whose verdicts follow from its rows. Rows that still have `id_columns` have
    the id in them.
    """

    def __init__(
        self,
        node: Node,
        store: RunStore,
        fingerprint: bytes,
        downstream: Iterable[str] = (),
        id_columns: IdColumns | None = None,
    ) -> None:
        self._node = node
        self._store = store
        self._fingerprint = fingerprint
        self._downstream = tuple(downstream)
        self._id_columns = id_columns
        self._mark = f"all rows: {node.name}"

    def make(self, is_interrupted: Callable[[], bool] = lambda: False) -> bool:
        """Make the rows, unless they're stored; return whether all of them are, and are durable."""
        inputs = self._inputs()
        key = self._key(inputs)
        if self._store.get_mark(self._mark) == key:
            return True
        self._forget()
        # The mark follows the last row. After a kill it isn't there, and the rows are made again: half of
        # them look like a complete set.
        refused = RefusedCalls(self._node.step)
        for number, row in enumerate(self._rows([AllRows(rows) for rows in inputs])):
            data = b"[" + encode_row(row) + b"]"
            self._store.add_result(Result(self._node.name, str(number), key, 0, "done", data))
            if self._store.pending > _MOST_PENDING:
                self._store.flush()
            if is_interrupted():
                return False
        # An author's `except` may have made rows without the answers that were cancelled: no mark for those.
        if is_interrupted():
            return False
        refused.check()
        self._store.set_mark(self._mark, key)
        self._store.flush()
        return True

    def is_made(self) -> bool:
        """Whether the rows are stored, made from the rows that the parents have now."""
        return self._store.get_mark(self._mark) == self._key(self._inputs())

    def _inputs(self) -> list[Rows]:
        return [self._store.rows(parent.step) for parent in self._node.parents] or [self._store.rows(INPUT)]

    def _key(self, inputs: Iterable[Rows]) -> bytes:
        return digest(self._fingerprint, *(digest_of(rows) for rows in inputs))

    def items(self) -> Iterator[Item]:
        """Yield the rows that were made, in order, identified by what they hold and not by position."""
        name = self._node.name
        ids: RowIds = RemainingIds(self._id_columns) if self._id_columns is not None else ContentIds()
        for number in count():
            result = self._store.result_of(name, str(number))
            if result is None:
                return
            encoded = result.data[1:-1]
            row_id = ids.of(encoded)
            place = f"row {number} of '{name}'"
            yield Item(row_id, InFlight(row_id, encoded, name, None, result.row, place=place))

    def _forget(self) -> None:
        """Remove what was made from other rows, beginning with what follows from it."""
        for leaf in self._downstream:
            # Before the results that verdicts point to: a kill in between must leave no pointer to nothing.
            self._store.truncate_verdicts(leaf, 0)
        self._store.set_mark(self._mark, b"")
        self._store.forget_results(self._node.name)

    def _rows(self, inputs: list[AllRows]) -> Iterator[Row]:
        step = self._node.step
        assert isinstance(step, (GlobalStep, CombineStep))
        current_files.set(step._noted_by)
        promised = promised_columns(step)
        for made in rows_given(step.process(*inputs), step.name):
            for row in as_rows(made, step.name):
                check_promised(promised, row, step.name)
                yield row
