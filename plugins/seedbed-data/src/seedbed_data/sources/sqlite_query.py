"""The rows that a query returns from an SQLite file, which nothing is written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from seedbed import DatasetError, UsageError
from seedbed_data.sources.query_results import AT_A_TIME, NOT_ONE_SELECT, column_names, explained


def sqlite_columns(path: Path, query: str) -> list[str]:
    """Return the columns of a query without running it; raises the errors of `sqlite_rows`."""
    try:
        # In lines of its own, since the query may end with a comment.
        with _asked(path, f"SELECT * FROM (\n{query.strip().rstrip(';')}\n) LIMIT 0") as cursor:
            return column_names(cursor.description)
    except DatasetError:
        # What is wrong with the query itself.
        with _asked(path, query) as cursor:
            return _names(cursor)


def sqlite_rows(path: Path, query: str) -> Iterator[dict[str, Any]]:
    """Yield the rows; raise UsageError for what isn't one SELECT, DatasetError for what SQLite refuses."""
    with _asked(path, query) as cursor:
        names = _names(cursor)
        while found := cursor.fetchmany(AT_A_TIME):
            yield from (dict(zip(names, row, strict=True)) for row in found)


def _names(cursor: sqlite3.Cursor) -> list[str]:
    if cursor.description is None:
        # Of a text without a statement, such as a comment, SQLite makes no rows and no error.
        raise UsageError(*NOT_ONE_SELECT)
    return column_names(cursor.description)


@contextmanager
def _asked(path: Path, query: str) -> Iterator[sqlite3.Cursor]:
    with explained("SQLite"):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with closing(connection):
            connection.set_authorizer(_only_reading)
            yield connection.execute(query)


def _only_reading(action: int, *names: object) -> int:
    # `ATTACH` would create a file even in a connection that only reads.
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
