"""The writing side of a run's store: additions don't wait for the disk, and become durable in order."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import TracebackType
from typing import Any, Self

from seedbed.errors import StoreError, UsageError
from seedbed.store.forked_child import share_with_children
from seedbed.store.open_sessions import note_counts
from seedbed.store.paged_reads import close_between_queries
from seedbed.store.run_connection import is_at
from seedbed.store.run_errors import while_opening
from seedbed.store.run_file import DATABASE, open_for_reading, open_for_writing
from seedbed.store.run_lock import RunLock
from seedbed.store.run_operations import (
    BlockVerdicts,
    ForgetBlocks,
    ForgetResults,
    SessionEnd,
    SessionStart,
    SetMark,
    TruncateVerdicts,
)
from seedbed.store.run_queries import RunQueries
from seedbed.store.run_session import SessionClock
from seedbed.store.run_values import Call, Result, Verdict
from seedbed.store.run_writer import Writer
from seedbed.store.stored_json import kept_json

_CLOSING = "seedbed-closing"


class RunStore(RunQueries):
    """A run that this process writes.

        with RunStore.open(Path("runs/jokes")) as store:
            store.begin_session({"n": 10})
            number = store.add_call(call)  # doesn't wait for the disk
            store.flush()  # now it's durable: store.committed >= number

    Each addition gets a sequence number. It's durable, and the reading methods see it, once `committed`
    has reached that number. Additions become durable in order, so a crash loses only the last ones.
    After the disk has failed, every addition raises `StoreError`.

    Close the store, or leave its `with` block. A store that nothing refers to is closed when it's
    garbage-collected.
    """

    def __init__(
        self,
        path: Path,
        reading: sqlite3.Connection,
        writer: Writer,
        session: SessionClock,
        note_stop: Callable[[str], None],
        closing: Callable[[], None],
        one_at_a_time: threading.Lock,
    ) -> None:
        super().__init__(reading, path, one_at_a_time)
        self.folder = path.parent
        self._writer = writer
        self._session = session
        self._note_stop = note_stop
        self._closing = closing
        # Absolute: an author's code may change the current folder.
        self._place = path.absolute()
        self._forgotten = weakref.finalize(self, _close_forgotten, closing)
        share_with_children(self)

    @classmethod
    def open(cls, folder: Path | None = None, *, ephemeral: bool = False) -> Self:
        """Open the run in `folder`, which is made if it's missing.

        An ephemeral run is in a new temporary folder, inside `folder` or the system's own temporary
        folder, and is removed when it's closed. Raises `UsageError` if another process writes the run
        (it says which), if the file isn't a run, is damaged or was written by a newer Seedbed, and if it
        can't be written to. The run is unchanged then.
        """
        _let_forgotten_ones_close()
        with ExitStack() as stack:
            path = _place(stack, folder, ephemeral) / DATABASE
            # The lock comes first: a migration, too, must not run twice at once. What is opened later is
            # closed earlier, so that no other process gets the lock while our writer still commits.
            lock = RunLock.acquire(path)
            stack.callback(lock.release)
            # An ephemeral run doesn't survive its process, so its commits needn't wait for the disk.
            writing = open_for_writing(path, durable=not ephemeral)
            stack.callback(writing.close)
            with while_opening(path):
                note_counts(writing, lock.former.stopped if lock.former else "")
                session = SessionClock(_last_session(writing))
            writer = Writer(writing, path, session.operations)
            stack.callback(writer.end)
            # A connection of its own: in WAL mode a reader never waits for a commit.
            reading = open_for_reading(path)
            # A source's own thread may still read when a run is cancelled. The store itself can't be held
            # here: then it would never be forgotten.
            one_at_a_time = threading.Lock()
            stack.callback(close_between_queries, reading, one_at_a_time)
            closing = stack.pop_all().close
            return cls(path, reading, writer, session, lock.note_stop, closing, one_at_a_time)

    def add_call(self, call: Call) -> int:
        """Add an answered call, replacing one with the same key; return its sequence number."""
        return self._writer.add(call)

    def add_result(self, result: Result) -> int:
        """Add what a step made of a row, replacing what it made before; return its sequence number."""
        return self._writer.add(result)

    def add_results(self, results: Sequence[Result]) -> int:
        """Add what steps made of rows, as `add_result` does; return the sequence number of the last one."""
        return self._writer.add(*results)

    def add_verdict(self, verdict: Verdict) -> int:
        """Add a verdict, replacing the one with its `seq`; return its sequence number."""
        return self._writer.add(verdict)

    def add_block_verdicts(self, verdicts: BlockVerdicts) -> int:
        """Add the verdicts on the rows of a block, as `add_verdict` does."""
        return self._writer.add(verdicts)

    def truncate_verdicts(self, leaf: str, seq: int) -> int:
        """Delete the verdicts of a leaf from `seq` on."""
        return self._writer.add(TruncateVerdicts(leaf, seq))

    def forget_results(self, step: str) -> int:
        """Delete all results of a step."""
        return self._writer.add(ForgetResults(step))

    def forget_blocks(self, seq: int) -> int:
        """Delete the blocks of rows that have verdicts from `seq` on."""
        return self._writer.add(ForgetBlocks(seq))

    def set_mark(self, name: str, value: bytes | str) -> int:
        """Set a named value."""
        return self._writer.add(SetMark(name, value))

    def begin_session(self, manifest: dict[str, Any]) -> int:
        """Begin this process's session and return its id; `manifest` describes the run in JSON values."""
        encoded = kept_json(manifest).decode()
        number = self._session.begin()
        self._writer.add(SessionStart(number, _now(), 0.0, encoded))
        return number

    def end_session(self, outcome: str, summary: dict[str, Any]) -> int:
        """End the session, with its outcome and counts."""
        encoded = kept_json(summary).decode()
        number, seconds = self._session.end()
        return self._writer.add(SessionEnd(_now(), seconds, outcome, encoded, number))

    @property
    def session(self) -> int:
        """The id of this process's session, or of the last one before it has begun."""
        return self._session.id

    def hold(self) -> None:
        """Write nothing until an answer is added, a flush, the end, or until there is too much to hold."""
        self._writer.hold()

    @property
    def is_held(self) -> bool:
        """Whether nothing added since `hold` is on disk."""
        return self._writer.is_held

    def take_back(self) -> bool:
        """Drop what was added since `hold`, including the session; return False if some of it is on disk."""
        is_taken_back = self._writer.take_back()
        if is_taken_back:
            self._session.forget()
        return is_taken_back

    def note_stop(self, reason: str) -> None:
        """Tell readers why the session has stopped, if the disk is too full to write its end."""
        self._note_stop(reason)

    @property
    def is_in_place(self) -> bool:
        """Whether the database still has its name: except on Windows, a folder in use can be renamed."""
        return is_at(self._reading, self._place)

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
        """The number of additions that aren't durable yet."""
        return self._writer.pending

    @property
    def pending_bytes(self) -> int:
        """The bytes of the answers and rows that aren't durable yet."""
        return self._writer.pending_bytes

    @property
    def error(self) -> StoreError | None:
        """Why nothing can be written any more; None if all is well."""
        return self._writer.error

    def on_commit(self, callback: Callable[[int], None]) -> None:
        """Call `callback` with `committed` after each commit, on the writer's thread.

        It has to be quick. It mustn't flush or close the store: both wait for the writer's thread.
        """
        self._writer.on_commit(callback)

    def end_callbacks(self) -> None:
        """Drop all callbacks: they usually refer to the store, which is never garbage-collected then."""
        self._writer.end_callbacks()

    def hurry(self) -> None:
        """Have everything added so far committed soon, without waiting for it."""
        self._writer.hurry()

    def flush(self) -> None:
        """Wait until everything added so far is durable; raise `StoreError` if that fails."""
        self._writer.flush()

    def close(self) -> None:
        """Make all additions durable, and release the run; may be called again.

        Raises `StoreError` if something couldn't be written, after everything is closed.
        """
        # `detach` returns None the second time: only one caller closes, the finaliser included.
        if self._forgotten.detach() is not None:
            self._closing()

    def leave_to_parent(self) -> None:
        """Write and close nothing in this forked child: the run and its lock are the parent's."""
        self._forgotten.detach()
        self._writer.leave_to_parent()

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
    """Close a store that nothing refers to any more, in a thread of its own.

    The garbage collector may run in any thread, at any point: while the thread holds a lock that the
    store's writer needs, or in the writer's own thread. Waiting for the writer there would be a deadlock.
    """
    if threading.main_thread().is_alive():
        threading.Thread(target=closing, name=_CLOSING).start()
    else:
        # The interpreter is shutting down, and wouldn't wait for a new thread.
        closing()


def _let_forgotten_ones_close() -> None:
    """Wait for stores that are being closed: one of them may hold the lock of the run to be opened."""
    while any(thread.name == _CLOSING for thread in threading.enumerate()):
        # Not `join`: a thread may be listed before it has started, and can't be joined then.
        time.sleep(0.001)


def _place(stack: ExitStack, folder: Path | None, ephemeral: bool) -> Path:
    if ephemeral:
        # Not TemporaryDirectory: a forked child would remove it when it ends.
        path = Path(mkdtemp(prefix="seedbed-", dir=folder))
        stack.callback(rmtree, path, ignore_errors=True)
        return path
    if folder is None:
        raise UsageError("a run on disk needs a folder", "name one: RunStore.open(Path('runs/NAME'))")
    with while_opening(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
