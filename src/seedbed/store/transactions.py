"""Commits operations to a run's database, each group in one transaction together with the run's sums."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from seedbed.store.kept_counts import EVERY, EVERY_BYTES, keep_counts
from seedbed.store.run_errors import while_working
from seedbed.store.run_operations import Operation, SessionEnd, apply


class Transactions:
    """Commits groups of operations; only the writer's thread uses it.

    `also` returns operations that every commit ends with. `last_took` is the time of the last commit in
    seconds.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, also: Callable[[], Sequence[Operation]]
    ) -> None:
        self.last_took = 0.0
        self._connection = connection
        self._path = path
        self._also = also
        self._uncounted = self._uncounted_bytes = 0

    def commit(self, group: Sequence[Operation], size: int) -> None:
        """Commit operations of `size` bytes: all of them, or none and StoreError is raised."""
        begun = time.monotonic()
        with while_working(self._path):
            try:
                # IMMEDIATE takes the write lock here, so another writer (a user's sqlite3) makes us wait at
                # this line and doesn't break a transaction that is half done.
                self._connection.execute("BEGIN IMMEDIATE")
                apply(self._connection, (*group, *self._also()))
                due = self._is_to_count(group, size)
                keep_counts(self._connection, due=due)
                self._connection.execute("COMMIT")
                self._uncounted = 0 if due else self._uncounted + len(group)
                self._uncounted_bytes = 0 if due else self._uncounted_bytes + size
            except sqlite3.Error:
                # After some errors, such as a full disk, SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self.last_took = time.monotonic() - begun

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _is_to_count(self, group: Sequence[Operation], size: int) -> bool:
        """Whether the sums over the run are brought up to date with this group."""
        # Also after many bytes: blocks are read to be counted, and at the end everybody would wait for that.
        is_much = self._uncounted_bytes + size >= EVERY_BYTES
        is_many = self._uncounted + len(group) >= EVERY
        return is_much or is_many or any(type(one) is SessionEnd for one in group)
