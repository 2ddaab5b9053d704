"""The file `ratings.db` in the folder of a run: creating, recognising and opening it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store.run_connection import connect
from seedbed.store.run_errors import while_opening

RATINGS = "ratings.db"
"""The name of the file in the folder of a run."""

APPLICATION_ID = int.from_bytes(b"rate", "big")
"""Marks the file as ratings of Seedbed (`PRAGMA application_id`)."""

VERSION = 1
"""The version of the tables (`PRAGMA user_version`)."""

# The tables are public, as those of run.db are: a column never changes its meaning without a new version.
_SCHEMA = (
    """CREATE TABLE ratings (
        leaf TEXT NOT NULL,
        row TEXT NOT NULL,
        rater TEXT NOT NULL,
        rating TEXT,
        label TEXT,
        note TEXT,
        time TEXT NOT NULL,
        columns TEXT NOT NULL,
        PRIMARY KEY (leaf, row, rater)
    ) WITHOUT ROWID""",
    """CREATE TABLE calibrations (
        leaf TEXT NOT NULL,
        score TEXT NOT NULL,
        time TEXT NOT NULL,
        threshold REAL NOT NULL,
        made_by TEXT NOT NULL,
        figures TEXT NOT NULL,
        PRIMARY KEY (leaf, score)
    ) WITHOUT ROWID""",
)


def open_ratings(folder: Path, *, create: bool) -> sqlite3.Connection | None:
    """Return a connection to the ratings of a run; None if there are none and `create` is False.

    Raises UsageError if the file is damaged, belongs to another program, was written by a newer Seedbed, or
    can't be opened.
    """
    path = folder / RATINGS
    with while_opening(path):
        if not create and not path.exists():
            return None
        connection = connect(path, "rwc" if create else "rw")
        is_opened = False
        try:
            # FULL is what survives a power cut. The journal is SQLite's default, one that's rolled back, so
            # that the ratings are one file, which can be copied with the folder.
            connection.execute("PRAGMA synchronous = FULL")
            is_opened = create or not _is_empty(connection)
            if create:
                _create(connection)
            if is_opened:
                _check(connection, path)
        except BaseException:
            is_opened = False
            raise
        finally:
            if not is_opened:
                connection.close()
        return connection if is_opened else None


def _create(connection: sqlite3.Connection) -> None:
    # If two raters begin at once, the second one waits here and finds the tables. If the process is killed,
    # SQLite takes back what it did, and the file is empty.
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != APPLICATION_ID:
        raise UsageError(
            f"'{path}' is a database of another program", "it has not been changed; move it away"
        )
    if version > VERSION:
        raise UsageError(
            f"'{path}' was written by a newer version of Seedbed "
            f"(its schema is {version}, this one knows {VERSION})",
            "pip install --upgrade seedbed",
        )
