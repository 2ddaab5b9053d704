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

HEADER = 100
"""Bytes at the beginning of a database that identify it."""

_File: TypeAlias = tuple[int, int]

# Reentrant: the garbage collector may close a connection in the thread that is just making another one.
_guard = threading.RLock()


class Connection(sqlite3.Connection):
    """A connection that counts as open until it's closed or garbage-collected."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.file: _File | None = None

    def close(self) -> None:
        """Close the connection; may be called again."""
        super().close()
        with _guard:
            _open.discard(self)


_open: WeakSet[Connection] = WeakSet()


def connect(path: Path, mode: Literal["ro", "rw", "rwc"], more: str = "") -> Connection:
    """Return a connection for any thread; each statement is a transaction, unless one is begun."""
    with _guard:
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
            factory=Connection,
        )
        connection.file = _identity(path)
        _open.add(connection)
    return connection


def is_at(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether the file of a connection is still the one at `path`."""
    try:
        return isinstance(connection, Connection) and connection.file == _identity(path)
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
