"""The one thread that writes a run: first in, first out, one transaction for each group."""

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
from seedbed.store.commit_patience import patience_after
from seedbed.store.run_operations import Operation, size_of
from seedbed.store.run_values import Call
from seedbed.store.transactions import Transactions

# An fsync costs the same for one row as for a thousand. 50 ms is short against a model's answer, and a
# fifth of the quarter of a second within which answers are promised to be on disk.
GROUPING_SECONDS = 0.05
"""How long an operation waits at most for others to be committed with it."""

MOST = 10_240
"""Operations of one commit: in a flood, the first ones are durable without waiting for the last."""

MOST_WITHOUT_ANSWERS = 4 * MOST
"""The same if none of them is an answer: a larger group takes less, and costs nothing if it's lost."""

# Ids of rows are digests, so each commit of results writes most pages of their index. For 400,000 rows
# through three steps, commits of four times as many take 10 s of the processor instead of 18 s, and write
# 2.1 GB to the disk instead of 5.6 GB. What calls no model costs only processor time to make again.
MANY = 1024
"""Operations in a group that make it worth waiting for more, if there's no answer among them."""

MOST_BYTES = 2**24
"""Bytes of one commit: SQLite gets copies of them, so they are in memory twice."""


class Writer:
    """Takes operations from any thread and commits them on its own thread.

    `added` counts the operations, so it's the sequence number of the last one. `committed` counts the
    durable ones, so it's the highest durable sequence number. `error` says why the writer has stopped
    early. `also` returns operations that every commit ends with.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, also: Callable[[], Sequence[Operation]]
    ) -> None:
        self.committed = 0
        self.error: StoreError | None = None
        self._path = path
        self._transactions = Transactions(connection, path, also)
        self._callbacks: list[Callable[[int], None]] = []
        self._queue: deque[Operation] = deque()
        # One condition for all who wait (the writer for work, callers for a commit), so every change wakes
        # all of them, and each looks again. `committed` is read without the lock: it only grows.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self.added = 0
        self._taken = 0
        self._bytes_added = 0
        self._bytes_committed = self._batch_bytes = 0
        self._wanted = 0
        self._due = 0.0
        self._idle = False
        self._is_held = False
        self._is_patient = False
        self._answers_added = self._answers_taken = 0
        self._ending = False
        # A daemon, so that a store that wasn't closed doesn't keep the process alive. The store's finaliser
        # ends the thread, and has it commit what is left.
        self._thread = threading.Thread(target=self._work, name=f"writer of {path}", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """The number of operations that aren't durable yet."""
        return self.added - self.committed

    @property
    def pending_bytes(self) -> int:
        """The bytes of the operations that aren't durable yet."""
        return self._bytes_added - self._bytes_committed

    def add(self, *operations: Operation) -> int:
        """Queue operations and return the last one's sequence number; raises `StoreError` after the end."""
        answers = size = 0
        # A loop: mostly it's one operation, and three times for each row.
        for one in operations:
            answers += type(one) is Call
            size += size_of(one)
        with self._lock:
            if self._ending:
                self._raise()
            self._queue.extend(operations)
            self.added += len(operations)
            self._bytes_added += size
            # An answer ends a hold: it has been paid for, and mustn't be lost.
            if answers:
                self._answers_added += answers
                self._is_held = False
            if self._is_patient and (answers or self._is_much()):
                self._is_patient = False
                self._changed.notify_all()
            # Waking a thread costs more than queueing does, so only an idle one is woken: one that collects
            # a group looks again by itself.
            if self._idle and not (self._is_held and not self._is_urgent()):
                self._idle = False
                self._changed.notify_all()
            return self.added

    def hold(self) -> None:
        """Commit nothing until an answer is added, a flush, the end, or a whole commit's worth is queued."""
        with self._lock:
            self._is_held = True

    @property
    def is_held(self) -> bool:
        """Whether nothing has been committed since `hold`."""
        return self._is_held

    def take_back(self) -> bool:
        """Drop what was added since `hold`; return False if some of it may be committed already."""
        with self._lock:
            if not self._is_held:
                return False
            self._queue.clear()
            self.added = self.committed
            self._bytes_added = self._bytes_committed
            return True

    def hurry(self) -> None:
        """Have what was added so far committed soon; don't wait for it."""
        with self._lock:
            if self._wanted < self.added:
                self._wanted = self.added
                self._changed.notify_all()

    def on_commit(self, callback: Callable[[int], None]) -> None:
        """Call `callback` on the writer's thread with `committed` after each commit."""
        self._callbacks.append(callback)

    def end_callbacks(self) -> None:
        """Drop all callbacks: what one refers to, such as its store, lives as long as this thread."""
        self._callbacks = []

    def flush(self) -> None:
        """Wait until everything added so far is durable; raise `StoreError` if that fails."""
        with self._lock:
            # `_wanted` makes the group urgent: its commit doesn't wait for more operations.
            wanted = self._wanted = self.added
            self._is_held = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.committed >= wanted or self.error)
            if self.committed < wanted:
                self._raise()

    def end(self) -> None:
        """Commit everything added and close the connection; raise the writer's error if there is one."""
        with self._lock:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()
        if self.error:
            self._raise()

    def leave_to_parent(self) -> None:
        """Refuse everything in this forked child, which has no thread that would write it."""
        # New ones: the parent's thread may have held the lock during the fork.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._fail(
            StoreError(
                f"'{self._path}' is written by the process from which this one was forked",
                "ask LLMs in the process of the run; a step may start others, but not ask there",
            )
        )

    def _raise(self) -> NoReturn:
        if self.error:
            # A new object for each caller: raising one object twice would mix up their tracebacks.
            raise StoreError(self.error.fact, *self.error.advice) from self.error
        raise StoreError(f"the store of '{self._path}' has been closed")

    def _work(self) -> None:
        try:
            while batch := self._take():
                self._commit(batch)
        except BaseException as error:  # noqa: BLE001 - raised to everyone who adds, flushes or closes
            self._fail(error)
        finally:
            self._transactions.close()

    def _take(self) -> list[Operation]:
        """Wait for operations, then for more that go with them; return none at the end."""
        with self._lock:
            while self._has_nothing_to_do() and not self._ending:
                self._idle = True
                self._changed.wait()
                # An idle writer waits from the moment it's woken; a busy one from its last group, so that
                # its commits come 50 ms apart.
                self._due = time.monotonic() + GROUPING_SECONDS
            self._idle = self._is_held = False
            self._changed.wait_for(self._is_urgent, max(0.0, self._due - time.monotonic()))
            if len(self._queue) >= MANY and self._answers_added == self._answers_taken:
                self._is_patient = True
                self._changed.wait_for(self._is_over, patience_after(self._transactions.last_took))
                self._is_patient = False
        self._due = time.monotonic() + GROUPING_SECONDS
        # Without the lock: only this thread pops, and a deque is safe to append to meanwhile.
        batch = self._first()
        self._taken += len(batch)
        return batch

    def _first(self) -> list[Operation]:
        batch: list[Operation] = []
        size, most = 0, self._most()
        while self._queue and len(batch) < most and size < MOST_BYTES:
            operation = self._queue.popleft()
            size += size_of(operation)
            batch.append(operation)
            self._answers_taken += type(operation) is Call
        self._batch_bytes = size
        return batch

    def _most(self) -> int:
        return MOST_WITHOUT_ANSWERS if self._answers_added == self._answers_taken else MOST

    def _has_nothing_to_do(self) -> bool:
        return not self._queue or (self._is_held and not self._is_urgent())

    def _is_over(self) -> bool:
        """Whether a patient group has waited enough."""
        return not self._is_patient or self._is_urgent()

    def _is_urgent(self) -> bool:
        return self._ending or self._wanted > self._taken or self._is_much()

    def _is_much(self) -> bool:
        """Whether a whole commit's worth is queued."""
        return len(self._queue) >= self._most() or self.pending_bytes >= MOST_BYTES

    def _commit(self, batch: list[Operation]) -> None:
        try:
            self._transactions.commit(batch, self._batch_bytes)
        except StoreError:
            self._commit_beginning(batch)
            raise
        self._note(batch, self._batch_bytes)

    def _commit_beginning(self, batch: list[Operation]) -> None:
        """Save what a full disk still has room for: the session, and answers that were paid for."""
        # Halves from the beginning, never from the middle: what's durable is everything up to some number.
        while len(batch) > 1:
            batch = batch[: len(batch) // 2]
            size = sum(map(size_of, batch))
            with suppress(StoreError):
                self._transactions.commit(batch, size)
                self._note(batch, size)
                return

    def _note(self, batch: list[Operation], size: int) -> None:
        self.committed += len(batch)
        self._bytes_committed += size
        # Without the lock, so that a callback may add to the store.
        for callback in self._callbacks:
            callback(self.committed)
        with self._lock:
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, StoreError):
            cause, error = error, StoreError(f"the writer of '{self._path}' has stopped: {error!r}")
            error.__cause__ = cause
        with self._lock:
            self.error = error
            self._ending = True
            # What can't be written is dropped now: it would stay in memory as long as the run's objects do.
            self._queue.clear()
            self._changed.notify_all()
