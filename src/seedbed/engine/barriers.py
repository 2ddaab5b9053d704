"""Steps that need all rows: what they make is complete in the store before anything goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import orjson

from seedbed.engine.cells import Cell
from seedbed.engine.fingerprint import digest
from seedbed.engine.segments import INPUT
from seedbed.engine.sources import Item
from seedbed.pipeline.topology import Node
from seedbed.store import Result, Rows, RunStore
from seedbed.tasks.combining import CombineStep
from seedbed.tasks.normalise import as_rows
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import GlobalStep

_MOST_PENDING = 10_000


class AllRows:
    """All rows that a step is given; may be gone through any number of times, one row in memory at a time."""

    def __init__(self, encoded: Rows) -> None:
        self._encoded = encoded

    def __iter__(self) -> Iterator[Row]:
        return (orjson.loads(row) for row in self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


class Barrier:
    """Applies a step to all rows of its parents, once for each set of rows; for a thread."""

    def __init__(self, node: Node, store: RunStore, fingerprint: bytes) -> None:
        self._node = node
        self._store = store
        self._fingerprint = fingerprint
        self._mark = f"all rows: {node.name}"

    def make(self) -> None:
        """Make the rows, unless they are there; they count when all of them are durable."""
        inputs = [self._store.rows(parent.step) for parent in self._node.parents] or [self._store.rows(INPUT)]
        key = digest(self._fingerprint, *(_digest_of(rows) for rows in inputs))
        if self._store.get_mark(self._mark) == key:
            return
        self._store.set_mark(self._mark, b"")
        self._store.forget_results(self._node.name)
        for number, row in enumerate(self._rows([AllRows(rows) for rows in inputs])):
            data = b"[" + encode_row(row) + b"]"
            self._store.add_result(Result(self._node.name, str(number), key, 0, "done", data))
            if self._store.pending > _MOST_PENDING:
                self._store.flush()
        self._store.set_mark(self._mark, key)
        self._store.flush()

    def items(self) -> Iterator[Item]:
        """Yield the rows that were made, in order."""
        name = self._node.name
        for number in count():
            result = self._store.result_of(name, str(number))
            if result is None:
                return
            yield Item(result.row, Cell(result.row, result.data[1:-1], name, None, result.row))

    def _rows(self, inputs: list[AllRows]) -> Iterator[Row]:
        step = self._node.step
        assert isinstance(step, (GlobalStep, CombineStep))
        for made in step.process(*inputs):
            yield from as_rows(made, step.name)


def _digest_of(rows: Rows) -> bytes:
    return digest(*rows)
