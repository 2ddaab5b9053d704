"""SQLite connections to runs, and how to read such a file without losing SQLite's locks.

When a process closes a file, POSIX drops all its locks on that file, including those of SQLite's connections
(https://www.sqlite.org/howtocorrupt.html, section 2.2). Other processes would then think that nobody has the
run open, and delete its write-ahead log while it's being written. So a file that this process has open in
SQLite is never opened by other means.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote
from weakref import WeakSet

from seedbed.errors import UsageError
from seedbed.store.forked_child import share_with_children

HEADER = 100
"""Bytes at the beginning of a database that identify it."""

_File: TypeAlias = tuple[int, int]

# Reentrant: the garbage collector may close a connection in the thread that is just making another one.
_guard = threading.RLock()


class RunConnection(sqlite3.Connection):
    """A connection that counts as open until it's closed or garbage-collected."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.file: _File | None = None

    def close(self) -> None:
        """Close the connection; may be called again."""
        super().close()
        with _guard:
            _open.discard(self)

    def leave_to_parent(self) -> None:
        """Never be closed by this forked child, which doesn't open the file either.

        Closing it would roll back, in the memory that both share, what the parent may be writing.
        """
        _open.discard(self)
        if self.file is not None:
            _of_the_parent.add(self.file)


_open: WeakSet[RunConnection] = WeakSet()

_of_the_parent: set[_File] = set()
"""The files that the process from which this one was forked had open."""


def connect(path: Path, mode: Literal["ro", "rw", "rwc"], more: str = "") -> RunConnection:
    """Return a connection for any thread; each statement is a transaction, unless one is begun."""
    with _guard:
        _refuse_files_of_the_parent(path)
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}{more}",
            uri=True,
            # Another program that has the run open for writing, such as a user's sqlite3, holds us up so long
            # at most; then the error says that the file is locked.
            timeout=30,
            # Python would begin transactions by itself, and not before every kind of statement.
            isolation_level=None,
            # The writer commits on a thread of its own, and readers take turns by their lock.
            check_same_thread=False,
            factory=RunConnection,
        )
        connection.file = _identity(path)
        _open.add(connection)
        share_with_children(connection)
    return connection


def is_at(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether the file of a connection is still the one at `path`."""
    try:
        return isinstance(connection, RunConnection) and connection.file == _identity(path)
    except OSError:
        return False


def header_of(path: Path) -> bytes | None:
    """Return the first bytes of a file, without SQLite; None if this process has it open already."""
    with _guard:
        file = _identity(path)
        if any(connection.file == file for connection in _open):
            return None
        with path.open("rb") as stream:
            return stream.read(HEADER)


def _identity(path: Path) -> _File:
    # By inode and not by name: locks belong to the file, which may have several names.
    found = path.stat()
    return found.st_dev, found.st_ino


def _refuse_files_of_the_parent(path: Path) -> None:
    """Raise UsageError for a file that the parent of this forked process had open.

    SQLite would take the parent's locks for its own. Another process that closes the run would then think
    that nobody else has it open, and delete the log that this one writes.
    """
    if _of_the_parent and path.exists() and _identity(path) in _of_the_parent:
        raise UsageError(
            f"this process was forked from one that had the run in '{path.parent}' open, and can't open it",
            "fork before the run is opened, or start processes with multiprocessing's 'spawn'",
        )


if hasattr(os, "register_at_fork"):
    # Held during the fork, or the child could inherit the guard held by a thread that it doesn't have.
    os.register_at_fork(before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_guard.release)
