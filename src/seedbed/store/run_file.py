"""The database file of a run: creating, recognising, opening and migrating it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store import run_schema
from seedbed.store.kept_counts import watch
from seedbed.store.run_connection import HEADER, connect, header_of
from seedbed.store.run_errors import damaged, while_opening

DATABASE = "run.db"
"""The name of the database in the folder of a run."""

TIMELINE = f"{DATABASE}.timeline"
"""The name of the file next to it with samples of how the run went over time; removed with it."""

_NO_SHARED_MEMORY = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
)
"""What SQLite says where it can't create the shared memory of those who read a database."""

_MAGIC = b"SQLite format 3\0"


def open_for_writing(path: Path, *, durable: bool = True) -> sqlite3.Connection:
    """Return the writer's connection, after creating the database or migrating it to this version.

    Raises `UsageError`, and changes nothing, if the file is damaged, belongs to another program or was
    written by a newer Seedbed.
    """
    with while_opening(path):
        # An empty file isn't created over: `_create` never leaves one, so it's a run that was damaged.
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

    Raises `UsageError` if there's no run, or one that this version of Seedbed can't read.
    """
    with while_opening(path):
        check(path)
        connection = _connect_to_read(path)
        try:
            _check_version(path, _version(connection))
            # Only the writer migrates: a reader has no lock, and the disk may be read-only.
            _check_not_older(path, _version(connection))
        except BaseException:
            connection.close()
            raise
        return connection


def check(path: Path) -> None:
    """Raise `UsageError` unless the file is a run's database, before SQLite touches it."""
    require(path)
    # Read by hand: SQLite recovers a log or journal that is there when it opens a file, and so would change a
    # file that may belong to another program.
    header = header_of(path)
    if header is None:
        return
    if not header.startswith(_MAGIC) or len(header) < HEADER:
        how = "it is not a SQLite database" if header else "it is empty"
        raise UsageError(*damaged(path, how))
    if int.from_bytes(header[68:72], "big") != run_schema.APPLICATION_ID:
        raise UsageError(
            f"'{path}' is a database of another program", "it has not been changed; choose another folder"
        )


def require(path: Path) -> None:
    """Raise `UsageError` unless the file exists."""
    if path.is_dir():
        raise UsageError(
            f"'{path}' is a folder, not the database of a run", "move it away, or use another name"
        )
    if not path.is_file():
        raise UsageError(f"there is no run in '{path.parent}'", "name the folder of a run")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate an older database in one transaction, after copying it to `<database>.v<version>`."""
    version = _version(connection)
    if version == run_schema.schema_version():
        return
    # A bug in a migration must not cost a dataset: the copy is what users go back to.
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
    # Not a copy of the file: what is still in the log belongs to it. VACUUM refuses a file that is there.
    connection.execute("VACUUM INTO ?", [str(new)])
    new.replace(target)


def _create(path: Path) -> None:
    """Create the database under another name and rename it, so that it's complete or not there at all."""
    new = path.with_name(f"{path.name}.new")
    # A log left over from another database: SQLite would replay it into the new one.
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
    # Without this a power cut may lose the file's name, and every durable commit with it.
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Windows has no such call for folders.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    # Not `mode=ro`: the last connection to close removes the log and the shared memory, and one that is
    # read-only would leave them behind.
    connection = connect(path, "rw")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sessions").fetchone()
    except UnicodeDecodeError:
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in _NO_SHARED_MEMORY or _has_log(path):
            raise
        # A disk that is read-only or full, on which SQLite can't create its shared memory. `immutable` does
        # without it, and is safe only because there's no log: nobody writes the run, and nothing is missing
        # from the file.
        return connect(path, "ro", "&immutable=1")
    return connection


def _has_log(path: Path) -> bool:
    # SQLite may just have made an empty one, and not got any further.
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _prepare(connection: sqlite3.Connection, *, durable: bool) -> None:
    # WAL lets readers in any process read while we commit, and a commit is one fsync instead of two or three.
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, as NORMAL syncs only at checkpoints: a power cut would lose answers that were paid for.
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    # Pages, so 8 MB between checkpoints: rare enough to save writes, and short enough not to hold up a
    # commit.
    connection.execute("PRAGMA wal_autocheckpoint = 2000")
    # A reader that was slow once may have made the log grow: it's cut to 64 MB afterwards.
    connection.execute("PRAGMA journal_size_limit = 67108864")
    # SQLite opens a read-only file without complaint and fails at the first change, which would be after the
    # first answer has been paid for. So change something now, and take it back.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {run_schema.schema_version()}")
    connection.execute("ROLLBACK")
    connection.execute(run_schema.REFUSED_INDEX)
    watch(connection)


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
            "resume the run once: that migrates it",
        )
