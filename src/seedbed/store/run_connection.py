"""Connections to the databases of runs, and what may be done to such a file beside them.

A process that closes a file gives up all the locks that POSIX has given it on that file, those of SQLite's
connections too. Other processes would then take the run for one that nobody has open, and remove its log
while it is written. So nothing opens a file by other means than SQLite while this process has it open.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote
from weakref import WeakSet

HEADER = 100
"""Bytes at the beginning of a database that say what it is."""

_File: TypeAlias = tuple[int, int]

# Taken twice by one thread where the collector closes a forgotten connection while another is being made.
_guard = threading.RLock()


class Connection(sqlite3.Connection):
    """A connection that is known to be open until it is closed, or forgotten."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.file: _File | None = None

    def close(self) -> None:
        """Close it; may be called again."""
        super().close()
        with _guard:
            _open.discard(self)


_open: WeakSet[Connection] = WeakSet()


def connect(path: Path, mode: Literal["ro", "rw", "rwc"], more: str = "") -> Connection:
    """Return a connection for any thread, in which each statement is a transaction of its own."""
    with _guard:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={mode}{more}",
            uri=True,
            timeout=30,
            isolation_level=None,
            check_same_thread=False,
            factory=Connection,
        )
        connection.file = _identity(path)
        _open.add(connection)
    return connection


def header_of(path: Path) -> bytes | None:
    """Return the first bytes of a file, without SQLite; None where this process has it open already."""
    with _guard:
        file = _identity(path)
        if any(connection.file == file for connection in _open):
            return None
        with path.open("rb") as stream:
            return stream.read(HEADER)


def _identity(path: Path) -> _File:
    found = path.stat()
    return found.st_dev, found.st_ino
