"""The store of a run: what this process adds to it, durable soon and in order, and what it finds there."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import orjson

from seedbed.errors import StoreError, UsageError
from seedbed.store.open_sessions import note_counts
from seedbed.store.run_errors import while_opening
from seedbed.store.run_file import DATABASE, open_for_reading, open_for_writing
from seedbed.store.run_lock import RunLock
from seedbed.store.run_operations import (
    ForgetResults,
    Mark,
    SessionEnd,
    SessionStart,
    TruncateVerdicts,
)
from seedbed.store.run_queries import RunQueries
from seedbed.store.run_session import SessionClock
from seedbed.store.run_values import Call, Result, Verdict
from seedbed.store.run_writer import Writer

_CLOSING = "seedbed-closing"


class RunStore(RunQueries):
    """A run that this process writes.

    Whatever is added gets a sequence number, never waits for the disk, and is durable (and seen by
    the reading methods) once `committed` has reached that number: what is durable is always
    everything up to some number. After the disk has failed, whatever adds raises `StoreError`.

    Close it, or leave its `with` block; a store that is forgotten is closed when it is collected.
    """

    def __init__(
        self,
        path: Path,
        reading: sqlite3.Connection,
        writer: Writer,
        session: SessionClock,
        note_stop: Callable[[str], None],
        closing: Callable[[], None],
    ) -> None:
        super().__init__(reading, path)
        self.folder = path.parent
        self._writer = writer
        self._session = session
        self._note_stop = note_stop
        self._closing = closing
        self._forgotten = weakref.finalize(self, _close_forgotten, closing)

    @classmethod
    def open(cls, folder: Path | None = None, *, ephemeral: bool = False) -> Self:
        """Open the run in `folder`, which is made if it is missing.

        An ephemeral run lives in a new temporary folder, made in `folder` or in the system's own
        place, and is removed when it is closed. Raises `UsageError` where another process writes
        the run (it says which), where the file is not ours, damaged or of a newer Seedbed, and where
        it cannot be written to; nothing that was there is changed then.
        """
        _let_forgotten_ones_close()
        with ExitStack() as stack:
            path = _place(stack, folder, ephemeral) / DATABASE
            lock = RunLock.acquire(path)
            stack.callback(lock.release)
            writing = open_for_writing(path, durable=not ephemeral)
            stack.callback(writing.close)
            with while_opening(path):
                note_counts(writing, lock.former.stopped if lock.former else "")
                session = SessionClock(_last_session(writing))
            writer = Writer(writing, path, session.operations)
            stack.callback(writer.end)
            reading = open_for_reading(path)
            stack.callback(reading.close)
            return cls(path, reading, writer, session, lock.note_stop, stack.pop_all().close)

    def add_call(self, call: Call) -> int:
        """Add an answered call, replacing one with the same key; return its sequence number."""
        return self._writer.add(call)

    def add_result(self, result: Result) -> int:
        """Add what a step made of a row, in place of what it made before; return its sequence number."""
        return self._writer.add(result)

    def add_verdict(self, verdict: Verdict) -> int:
        """Add a verdict, in place of the one with its `seq`; return its sequence number."""
        return self._writer.add(verdict)

    def truncate_verdicts(self, leaf: str, seq: int) -> int:
        """Forget the verdicts of a leaf from `seq` on."""
        return self._writer.add(TruncateVerdicts(leaf, seq))

    def forget_results(self, step: str) -> int:
        """Forget all that a step made."""
        return self._writer.add(ForgetResults(step))

    def set_mark(self, name: str, value: bytes | str) -> int:
        """Set a named value."""
        return self._writer.add(Mark(name, value))

    def begin_session(self, manifest: dict[str, Any]) -> int:
        """Begin this process's session and return its id; `manifest` says what runs, as JSON values."""
        encoded = orjson.dumps(manifest).decode()
        number = self._session.begin()
        self._writer.add(SessionStart(number, _now(), 0.0, encoded))
        return number

    def end_session(self, outcome: str, summary: dict[str, Any]) -> int:
        """End the session that was begun."""
        encoded = orjson.dumps(summary).decode()
        number, seconds = self._session.end()
        return self._writer.add(SessionEnd(_now(), seconds, outcome, encoded, number))

    def hold(self) -> None:
        """Keep what is added off the disk until an answer, a flush, the end, or there is much of it."""
        self._writer.hold()

    @property
    def is_held(self) -> bool:
        """Whether nothing that was added since `hold` is on disk."""
        return self._writer.is_held

    def take_back(self) -> bool:
        """Forget what was added since `hold`, a session that has begun included; return whether it could."""
        is_taken_back = self._writer.take_back()
        if is_taken_back:
            self._session.forget()
        return is_taken_back

    def note_stop(self, reason: str) -> None:
        """Have readers know that the session has stopped, and why, where its end cannot be written."""
        self._note_stop(reason)

    @property
    def committed(self) -> int:
        """The highest sequence number that is durable, 0 before the first."""
        return self._writer.committed

    @property
    def added(self) -> int:
        """The number of additions so far: the sequence number of the last one."""
        return self._writer.added

    @property
    def pending(self) -> int:
        """The number of additions that are not durable yet."""
        return self._writer.pending

    @property
    def pending_bytes(self) -> int:
        """The bytes of the answers and rows that are not durable yet."""
        return self._writer.pending_bytes

    @property
    def error(self) -> StoreError | None:
        """Why nothing can be written any more, None while all is well."""
        return self._writer.error

    def on_commit(self, callback: Callable[[int], None]) -> None:
        """Have `callback` called with `committed` after each commit, on the writer's thread.

        It must be quick, and neither flush nor close the store.
        """
        self._writer.on_commit(callback)

    def end_callbacks(self) -> None:
        """Call none of the callbacks any more; a store that has some is not closed by being forgotten."""
        self._writer.end_callbacks()

    def flush(self) -> None:
        """Wait until everything added so far is durable, or raise `StoreError`."""
        self._writer.flush()

    def close(self) -> None:
        """Make durable what was added, and let go of the run; may be called again.

        Raises `StoreError` where something could not be written, after everything is closed.
        """
        if self._forgotten.detach() is not None:
            self._closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _last_session(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT ifnull(max(id), 0) FROM sessions").fetchone()[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _close_forgotten(closing: Callable[[], None]) -> None:
    """Close a store that nobody has any more, in a thread of its own.

    The collector may come by in any thread and in the middle of anything: while that thread holds a lock
    that the store's writer waits for, or in that writer itself. To wait there for the writer is a deadlock.
    """
    if threading.main_thread().is_alive():
        threading.Thread(target=closing, name=_CLOSING).start()
    else:
        # The interpreter is ending, and waits for no new thread.
        closing()


def _let_forgotten_ones_close() -> None:
    """Wait for stores that are being closed: one of them may be of the run that is about to be opened."""
    while any(thread.name == _CLOSING for thread in threading.enumerate()):
        # One that is listed may not have been started yet, and cannot be joined then.
        time.sleep(0.001)


def _place(stack: ExitStack, folder: Path | None, ephemeral: bool) -> Path:
    if ephemeral:
        return Path(stack.enter_context(TemporaryDirectory(prefix="seedbed-", dir=folder)))
    if folder is None:
        raise UsageError("a run that is kept needs a folder")
    with while_opening(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
