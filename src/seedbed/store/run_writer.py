"""The one thread that writes a run: first in, first out, in groups that are durable together."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from seedbed.errors import StoreError
from seedbed.store.run_errors import while_working
from seedbed.store.run_operations import Operation, apply, size_of
from seedbed.store.run_values import Call

COMPANY = 0.05
"""Seconds that an operation waits at most for others to be committed with it."""

MOST = 8192
"""Operations of one commit."""

MOST_BYTES = 2**24
"""Bytes of one commit: SQLite is given copies of them."""


class Writer:
    """Takes operations from any thread and commits them on its own.

    `added` counts operations, and so is the sequence number of the last one; `committed` is the number of
    those that are durable, and so the highest durable sequence number; `error` says why the writer has
    ended early, if it has.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, also: Callable[[], Sequence[Operation]]
    ) -> None:
        self.committed = 0
        self.error: StoreError | None = None
        self._connection = connection
        self._path = path
        self._also = also
        self._callbacks: list[Callable[[int], None]] = []
        self._queue: deque[Operation] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self.added = 0
        self._taken = 0
        self._bytes_added = 0
        self._bytes_committed = 0
        self._wanted = 0
        self._due = 0.0
        self._idle = False
        self._is_held = False
        self._ending = False
        # A daemon, so that a store nobody closed does not keep the process; its owner's finaliser ends it.
        self._thread = threading.Thread(target=self._work, name=f"writer of {path}", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """The number of operations that are not durable yet."""
        return self.added - self.committed

    @property
    def pending_bytes(self) -> int:
        """The bytes of the operations that are not durable yet."""
        return self._bytes_added - self._bytes_committed

    def add(self, operation: Operation) -> int:
        """Queue an operation and return its sequence number; raises `StoreError` after the end."""
        with self._lock:
            if self._ending:
                self._raise()
            self._queue.append(operation)
            self.added += 1
            self._bytes_added += size_of(operation)
            if type(operation) is Call:
                self._is_held = False
            if self._idle and not (self._is_held and not self._is_urgent()):
                self._idle = False
                self._changed.notify_all()
            return self.added

    def hold(self) -> None:
        """Commit nothing before an answer is added, more than one commit takes, or a flush or the end."""
        with self._lock:
            self._is_held = True

    @property
    def is_held(self) -> bool:
        """Whether nothing has been committed since `hold`."""
        return self._is_held

    def take_back(self) -> bool:
        """Forget what was added since `hold`; return whether that was possible: some may be committed."""
        with self._lock:
            if not self._is_held:
                return False
            self._queue.clear()
            self.added = self.committed
            self._bytes_added = self._bytes_committed
            return True

    def on_commit(self, callback: Callable[[int], None]) -> None:
        """Have `callback` called on the writer's thread with `committed`, after each commit."""
        self._callbacks.append(callback)

    def end_callbacks(self) -> None:
        """Call nobody any more: what a callback holds, such as its store, lives as long as this thread."""
        self._callbacks = []

    def flush(self) -> None:
        """Wait until all that was added is durable; raises `StoreError` where that cannot be."""
        with self._lock:
            wanted = self._wanted = self.added
            self._is_held = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.committed >= wanted or self.error)
            if self.committed < wanted:
                self._raise()

    def end(self) -> None:
        """Commit what was added and close the connection; raises the writer's error if there is one."""
        with self._lock:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()
        if self.error:
            self._raise()

    def _raise(self) -> NoReturn:
        if self.error:
            raise StoreError(self.error.fact, *self.error.advice) from self.error
        raise StoreError(f"the store of '{self._path}' has been closed")

    def _work(self) -> None:
        try:
            while batch := self._take():
                self._commit(batch)
        except BaseException as error:  # noqa: BLE001 - raised to everyone who adds, flushes or closes
            self._fail(error)
        finally:
            self._connection.close()

    def _take(self) -> list[Operation]:
        """Wait for operations, then for their company; return none at the end."""
        with self._lock:
            while self._has_nothing_to_do() and not self._ending:
                self._idle = True
                self._changed.wait()
                self._due = time.monotonic() + COMPANY
            self._idle = self._is_held = False
            self._changed.wait_for(self._is_urgent, max(0.0, self._due - time.monotonic()))
        self._due = time.monotonic() + COMPANY
        batch = self._first()
        self._taken += len(batch)
        return batch

    def _first(self) -> list[Operation]:
        batch: list[Operation] = []
        size = 0
        while self._queue and len(batch) < MOST and size < MOST_BYTES:
            operation = self._queue.popleft()
            size += size_of(operation)
            batch.append(operation)
        return batch

    def _has_nothing_to_do(self) -> bool:
        return not self._queue or (self._is_held and not self._is_urgent())

    def _is_urgent(self) -> bool:
        is_much = len(self._queue) >= MOST or self.pending_bytes >= MOST_BYTES
        return self._ending or self._wanted > self._taken or is_much

    def _commit(self, batch: list[Operation]) -> None:
        try:
            self._write(batch)
        except StoreError:
            self._commit_beginning(batch)
            raise
        self._note(batch)

    def _commit_beginning(self, batch: list[Operation]) -> None:
        """Save what a full disk still has room for: the session, and answers that were paid for."""
        while len(batch) > 1:
            batch = batch[: len(batch) // 2]
            with suppress(StoreError):
                self._write(batch)
                self._note(batch)
                return

    def _write(self, batch: list[Operation]) -> None:
        with while_working(self._path):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                apply(self._connection, (*batch, *self._also()))
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                # SQLite has done so by itself after some errors.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _note(self, batch: list[Operation]) -> None:
        self.committed += len(batch)
        self._bytes_committed += sum(map(size_of, batch))
        for callback in self._callbacks:
            callback(self.committed)
        with self._lock:
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, StoreError):
            cause, error = error, StoreError(f"the writer of '{self._path}' has ended: {error!r}")
            error.__cause__ = cause
        with self._lock:
            self.error = error
            self._ending = True
            self._queue.clear()
            self._changed.notify_all()
