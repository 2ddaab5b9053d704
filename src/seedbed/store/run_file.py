"""The file of a run: made, recognised, opened and migrated."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store import run_schema
from seedbed.store.run_connection import HEADER, connect, header_of
from seedbed.store.run_errors import damaged, while_opening

DATABASE = "run.db"
"""The name of the database in the folder of a run."""

_MAGIC = b"SQLite format 3\0"


def open_for_writing(path: Path, *, durable: bool = True) -> sqlite3.Connection:
    """Return the connection of the one writer; makes the database, or brings it up to date.

    Raises `UsageError` for a file that is damaged, foreign or of a newer Seedbed, which stays as it is.
    """
    with while_opening(path):
        # An empty file was a run: one is made as a whole or not at all.
        if not path.exists():
            _create(path)
        check(path)
        connection = connect(path, "rw")
        try:
            _check_version(path, _version(connection))
            migrate(connection, path)
            _prepare(connection, durable=durable)
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that changes nothing.

    Raises `UsageError` where there is no run, or none that this version of Seedbed reads.
    """
    with while_opening(path):
        check(path)
        connection = _connect_to_read(path)
        try:
            _check_version(path, _version(connection))
            _check_not_older(path, _version(connection))
        except BaseException:
            connection.close()
            raise
        return connection


def check(path: Path) -> None:
    """Raise `UsageError` unless the file is a run's; SQLite does not touch it before this is known."""
    require(path)
    header = header_of(path)
    if header is None:
        return
    if not header.startswith(_MAGIC) or len(header) < HEADER:
        how = "it is not a SQLite database" if header else "it is empty"
        raise UsageError(*damaged(path, how))
    if int.from_bytes(header[68:72], "big") != run_schema.APPLICATION_ID:
        raise UsageError(
            f"'{path}' is a database of another program", "it stays as it is; choose another folder"
        )


def require(path: Path) -> None:
    """Raise `UsageError` unless there is such a file."""
    if path.is_dir():
        raise UsageError(f"'{path}' is a folder, not the database of a run", "choose another folder")
    if not path.is_file():
        raise UsageError(f"there is no run in '{path.parent}'", "name the folder of a run")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring an older database up to date, in one transaction, after a copy to `<database>.v<version>`."""
    version = _version(connection)
    if version == run_schema.schema_version():
        return
    _copy(connection, path.with_name(f"{path.name}.v{version}"))
    connection.execute("BEGIN IMMEDIATE")
    for statements in run_schema.MIGRATIONS[version - 1 :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {run_schema.schema_version()}")
    connection.execute("COMMIT")


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    new = target.with_name(f"{target.name}.new")
    new.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", [str(new)])
    new.replace(target)


def _create(path: Path) -> None:
    """Make the database beside its place, so that it is there as a whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    # SQLite would apply a stray log of another database to the new one.
    for stray in (new, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        stray.unlink(missing_ok=True)
    connection = connect(new, "rwc")
    try:
        connection.execute(f"PRAGMA application_id = {run_schema.APPLICATION_ID}")
        connection.execute("BEGIN")
        for statement in run_schema.SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {run_schema.schema_version()}")
        connection.execute("COMMIT")
    finally:
        connection.close()
    new.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    # A connection that may not write at all would leave its log and shared memory behind.
    connection = connect(path, "rw")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sessions").fetchone()
    except sqlite3.Error as error:
        connection.close()
        takes_no_writes = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not takes_no_writes or path.with_name(f"{path.name}-wal").exists():
            raise
        # A run at rest on a disk that takes no writes: SQLite cannot make its shared memory there.
        return connect(path, "ro", "&immutable=1")
    return connection


def _prepare(connection: sqlite3.Connection, *, durable: bool) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    # 8 MB between checkpoints: long enough to save writes, short enough not to hold up a commit.
    connection.execute("PRAGMA wal_autocheckpoint = 2000")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    # SQLite opens a file that takes no writes all the same, and says so at the first change.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {run_schema.schema_version()}")
    connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    assert isinstance(version, int)
    return version


def _check_version(path: Path, version: int) -> None:
    if version > run_schema.schema_version():
        raise UsageError(
            f"'{path}' was written by a newer version of Seedbed "
            f"(its schema is {version}, this one knows {run_schema.schema_version()})",
            "pip install --upgrade seedbed",
        )


def _check_not_older(path: Path, version: int) -> None:
    if version < run_schema.schema_version():
        raise UsageError(
            f"'{path}' was written by an older version of Seedbed (its schema is {version})",
            "go on with the run once, which brings it up to date",
        )
