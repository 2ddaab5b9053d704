"""Errors of SQLite and the file system, in words for the user of a run."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from seedbed.errors import SeedbedError, StoreError, UsageError
from seedbed.open_files import MORE_FILES

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a file system raises if a disk, a quota or a file is full."""

_ELSEWHERE = "choose a folder where you may create files: SEEDBED_RUNS=FOLDER is that of all runs"
_FILES_OF_A_RUN = 8  # its lock, and the database, log, shared memory and temporary file of two connections
_KEPT = "what was written before is kept: the same command resumes from there"
_ROOM = ("make room on it", _KEPT)


def while_opening(path: Path) -> Translation:
    """Turn the errors of SQLite and the file system into `UsageError`: nothing has been spent yet."""
    return Translation(path, UsageError)


def while_working(path: Path) -> Translation:
    """Turn the errors of SQLite and the file system into `StoreError`."""
    return Translation(path, StoreError)


class Translation:
    """A `with` block that raises errors as `kind`, with the name of the file and what to do."""

    # A class, not a generator with `contextmanager`: each commit and each query enters one.
    __slots__ = ("_kind", "_path")

    def __init__(self, path: Path, kind: type[SeedbedError]) -> None:
        self._path = path
        self._kind = kind

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise self._kind(*_explain(error, self._path)) from error
        if isinstance(error, UnicodeDecodeError):
            # Of SQLite's own message, which quotes what it found where a name belongs.
            raise self._kind(*damaged(self._path, "it has names that aren't text")) from error
        if isinstance(error, OSError):
            fact = f"'{self._path}' cannot be used: {error.strerror or error}"
            advice = _ROOM if error.errno in NO_ROOM else (_ELSEWHERE,)
            raise self._kind(fact, *advice) from error


def _explain(error: sqlite3.Error, path: Path) -> tuple[str, ...]:
    # The low byte of an extended code is the primary one: IOERR_WRITE is an IOERR.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return f"the disk is full: '{path}' cannot grow", *_ROOM
        case sqlite3.SQLITE_IOERR:
            return f"'{path}' cannot be read or written: {error}", "check the disk and its quotas", _KEPT
        case sqlite3.SQLITE_CANTOPEN if (more := _refusal_of_files()) is not None:
            return f"'{path}' cannot be opened: {more}", MORE_FILES
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return f"'{path}' cannot be opened or written to: {error}", _ELSEWHERE
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"'{path}' is locked by another program", "close the program that has it open for writing"
        case _:
            return (f"'{path}' does not work as a database: {error}",)


def _refusal_of_files() -> str | None:
    """Return why not even as many files as a run has can be opened now; None if they can.

    SQLite doesn't say why, and has closed those that it could open.
    """
    with ExitStack() as stack:
        try:
            for _ in range(_FILES_OF_A_RUN):
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            return error.strerror
    return None


def damaged(path: Path, how: str) -> tuple[str, ...]:
    """Return a fact and advice about a file that isn't a run's database."""
    return (
        f"'{path}' is damaged: {how}",
        "it has not been changed; `sqlite3 COPY .recover`, on a copy, may save what is in it",
        "give the run another name, or start again with --restart (restart=True in Python)",
    )
