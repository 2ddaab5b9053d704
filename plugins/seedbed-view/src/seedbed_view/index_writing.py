"""Writes the index of a run's rows: its tables, and the rows that aren't in it yet."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from seedbed import PlacedRow, RunReader, StoreError
from seedbed_view.index_entries import Entry
from seedbed_view.odd_values import ODD
from seedbed_view.read_rows import read_rows

_log = logging.getLogger(__name__)

_VERSION = 1
_MOST_VALUES = 100
"""Different values of a column up to which they're counted, and can be chosen from."""
_AT_A_TIME = 500

_SCHEMA = (
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE cells (name TEXT NOT NULL, value NOT NULL, seq INTEGER NOT NULL, "
    "PRIMARY KEY (name, value, seq)) WITHOUT ROWID",
    "CREATE TABLE counts (name TEXT NOT NULL, value NOT NULL, number INTEGER NOT NULL, "
    "PRIMARY KEY (name, value)) WITHOUT ROWID",
    # Without the text: it's in the run, and would double it on disk.
    "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')",
)


def write_index(path: Path, reader: RunReader, leaf: str) -> None:
    """Bring the index of a leaf's rows up to date; it's made if there's none, or if rows were made again."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        _Writing(connection, reader, leaf).write()


class _Writing:
    """The index while one thread writes it."""

    def __init__(self, connection: sqlite3.Connection, reader: RunReader, leaf: str) -> None:
        self._connection = connection
        self._reader = reader
        self._leaf = leaf
        self._prepare()
        self._full = {name for (name,) in self._all("SELECT value FROM marks WHERE name LIKE 'full %'")}

    def write(self) -> None:
        """Index the rows after those that are indexed."""
        rows = iter(self._reader.rows(self._leaf).placed(self._last()))
        while True:
            try:
                batch = [Entry.of(row) for row in islice(rows, _AT_A_TIME)]
            except (StoreError, *ODD):
                self._write_readable()
                return
            if not batch:
                return
            self._add(batch)

    def _write_readable(self) -> None:
        """Index the rows that can be read, after those that are indexed: some of a damaged run can't."""
        last = self._last()
        while seqs := self._reader.accepted_seqs(self._leaf, last, _AT_A_TIME):
            last = seqs[-1]
            if entries := list(_readable(read_rows(self._reader, self._leaf, seqs).rows)):
                self._add(entries)

    def _prepare(self) -> None:
        """Make the tables, unless they're of this version and of rows that are still the same."""
        # It can be made again, so it needn't survive a power cut.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        # A session that comes later may have made rows again.
        session = self._reader.last_session()
        state = f"{_VERSION} {session.id if session else 0} {session.started if session else ''}"
        is_there = self._all("SELECT name FROM sqlite_master WHERE name = 'marks'")
        if is_there and self._all("SELECT value FROM marks WHERE name = 'state'") == [(state,)]:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        for table in ("marks", "cells", "counts", "words"):
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _SCHEMA:
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO marks VALUES ('state', ?)", [state])
        self._connection.execute("COMMIT")

    def _last(self) -> int:
        found = self._all("SELECT value FROM marks WHERE name = 'last'")
        return int(found[0][0]) if found else -1

    def _add(self, entries: Sequence[Entry]) -> None:
        cells = [(name, value, one.seq) for one in entries for name, value in one.values]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO words (rowid, text) VALUES (?, ?)", [(one.seq, one.words) for one in entries]
        )
        self._connection.executemany("INSERT OR REPLACE INTO cells VALUES (?, ?, ?)", cells)
        self._count(Counter((name, value) for name, value, _ in cells))
        self._connection.execute(
            "INSERT INTO marks VALUES ('rows', ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [len(entries)],
        )
        self._connection.execute("INSERT OR REPLACE INTO marks VALUES ('last', ?)", [entries[-1].seq])
        self._connection.execute("COMMIT")

    def _count(self, counts: Counter[tuple[str, Any]]) -> None:
        self._connection.executemany(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (name, value) DO UPDATE SET number = number + ?",
            [(*key, number, number) for key, number in counts.items() if key[0] not in self._full],
        )
        # A column with many values, such as a title, isn't one to choose from.
        for name in {name for name, _ in counts} - self._full:
            ((number,),) = self._all("SELECT count(*) FROM counts WHERE name = ?", name)
            if number > _MOST_VALUES:
                self._connection.execute("DELETE FROM counts WHERE name = ?", [name])
                self._connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", [f"full {name}", name])
                self._full.add(name)

    def _all(self, query: str, *values: Any) -> list[Any]:
        return self._connection.execute(query, values).fetchall()


def _readable(rows: Sequence[PlacedRow]) -> Iterator[Entry]:
    for row in rows:
        try:
            yield Entry.of(row)
        except ODD as error:
            _log.debug("row %d can't be indexed", row.seq, exc_info=error)
