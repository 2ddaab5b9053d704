"""Reading a run's database in pages, from any thread, without holding a transaction open."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from seedbed.store.run_errors import while_working

PAGE = 256
"""Table rows of one query. A query ends before its rows are yielded: while it's open it holds a read
transaction, and SQLite's write-ahead log can't be checkpointed past it, so the log would grow."""

PAGE_BYTES = 2**24
"""Bytes after which a page is yielded before it's full: rows may be megabytes each."""

ITEM = "CASE WHEN instr(row, '/') THEN substr(row, 1, instr(row, '/') - 1) ELSE row END"
"""The item of a source that a row comes from, in SQL: a row "7/1/0" comes from the item "7"."""

# Rows fetched before their bytes are counted, so that a page is over `PAGE_BYTES` by a few large rows at
# most; more while they are small.
_AT_A_TIME = 4
_SMALL_AT_A_TIME = 16
_SMALL = 2**10


_SIZED = (str, bytes)


class PagedReads:
    """Runs queries over its own connection, one at a time; raises `StoreError` if the file can't be read."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, one_at_a_time: threading.Lock | None = None
    ) -> None:
        self.path = path
        self._reading = connection
        # sqlite3 serialises single statements, but a page is several calls on one cursor, and closing has to
        # wait.
        self._one_at_a_time = one_at_a_time or threading.Lock()

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        return cast("tuple[Any, ...]", self._all(query, *values)[0])

    def _page(self, query: str, *values: object) -> list[Any]:
        """Return the first rows of a query; the caller asks again for the rows after them."""
        page: list[Any] = []
        size, count = 0, _AT_A_TIME
        # Not left to the collector: an open cursor holds its transaction.
        with (
            self._one_at_a_time,
            while_working(self.path),
            closing(self._reading.execute(query, values)) as cursor,
        ):
            while size < PAGE_BYTES and (some := cursor.fetchmany(count)):
                page += some
                added = sum([len(value) for row in some for value in row if type(value) in _SIZED])
                size, count = size + added, _SMALL_AT_A_TIME if added < _SMALL * len(some) else _AT_A_TIME
        return page

    @contextmanager
    def _one_moment(self) -> Iterator[Callable[..., list[Any]]]:
        """Yield what runs queries that all see the same moment; none of them may take long."""
        with self._one_at_a_time, while_working(self.path):
            self._reading.execute("BEGIN")
            try:
                yield lambda query, *values: self._reading.execute(query, values).fetchall()
            finally:
                self._reading.execute("COMMIT")

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._one_at_a_time, while_working(self.path):
            return self._reading.execute(query, values).fetchall()


def close_between_queries(connection: sqlite3.Connection, one_at_a_time: threading.Lock) -> None:
    """Close a connection that other threads read by: in the middle of a query, that crashes the process."""
    with one_at_a_time:
        connection.close()
