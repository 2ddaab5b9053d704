"""An index of a run's rows, in a file next to it: words, values of columns, and how often each occurs.

It's made when the rows are first looked at, in a thread, and follows a run that goes on. It may be removed at
any time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from seedbed import PlacedRow, RunReader, SeedbedError, StoreError, UsageError
from seedbed_view.odd_values import ODD
from seedbed_view.places import Place, places_query
from seedbed_view.query import Query
from seedbed_view.read_rows import read_rows

_log = logging.getLogger(__name__)

SUFFIX = ".search"
"""What the name of the index ends in, after that of the run's database; removed with it."""

_VERSION = 1
_LONGEST = 80
"""Characters of a text that counts as a value, to sort by and to filter with."""
_MOST_VALUES = 100
"""Different values of a column up to which they're counted, and can be chosen from."""
_SHOWN = 12
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


class _Entry(NamedTuple):
    """What the index has of a row."""

    seq: int
    words: str
    values: list[tuple[str, Any]]

    @classmethod
    def of(cls, row: PlacedRow) -> _Entry:
        return cls(row.seq, words_of(row.data), list(values_of(row.data)))


class Searches:
    """The indexes of all runs that are looked at; each is brought up to date by one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: dict[tuple[Path, str], Index] = {}

    def of(self, database: Path, leaf: str) -> Index:
        """Return the index of a leaf's rows, and let it catch up with the run."""
        with self._lock:
            index = self._indexes.setdefault((database, leaf), Index(database, leaf))
        index.catch_up()
        return index


class Index:
    """An index of the rows of one leaf; methods may be called from any thread."""

    def __init__(self, database: Path, leaf: str) -> None:
        self._run = database.parent
        name = quote(leaf, safe="")
        self.path = database.with_name(f"{database.name}{SUFFIX}-{name}" if leaf else database.name + SUFFIX)
        self._leaf = leaf
        self._writing = threading.Lock()
        self._is_full: set[str] = set()
        self._has_failed = False

    def catch_up(self, seconds: float = 0.5) -> None:
        """Index rows that aren't in the index yet; go on in a thread after so many seconds."""
        thread = threading.Thread(target=self._update, name="seedbed-view-index", daemon=True)
        thread.start()
        thread.join(seconds)

    def count(self) -> int:
        """Return how many rows are in the index."""
        return int(self._mark("rows") or 0)

    def columns(self, names: Sequence[str]) -> set[str]:
        """Return those of some columns that have short values, which rows can be sorted by."""
        # One step into the index for each name, and not over all cells.
        found = self._known(
            "SELECT j.value FROM json_each(?) AS j "
            "WHERE EXISTS (SELECT 1 FROM cells AS c WHERE c.name = j.value)",
            _as_json(names),
        )
        return {name for (name,) in found}

    def facets(self, names: Sequence[str]) -> Mapping[str, list[tuple[Any, int]]]:
        """Return the values that occur most in those of some columns with few of them, with their numbers."""
        facets: dict[str, list[tuple[Any, int]]] = {}
        for name, value, number in self._known(
            "SELECT name, counts.value, number FROM counts WHERE name IN (SELECT value FROM json_each(?)) "
            "ORDER BY name, number DESC",
            _as_json(names),
        ):
            facets.setdefault(name, []).append((value, number))
        return {
            name: values[:_SHOWN] for name, values in facets.items() if len(values) > 1 or values[0][1] > 1
        }

    def places(self, query: Query, place: Place, most: int) -> list[Place]:
        """Return where at most `most` rows stand that the query finds, from a place on."""
        select, values = places_query(query, place)
        try:
            return self._all(f"{select} LIMIT ?", *values, most)
        except sqlite3.Error as error:
            self._remove_damaged(error)
            raise UsageError(
                f"the search can't be done: {error}", "load the page again", f"or remove {self.path}"
            ) from error

    def explained(self, query: Query, place: Place) -> list[str]:
        """Return SQLite's plan for `places`."""
        select, values = places_query(query, place)
        return [row[-1] for row in self._all(f"EXPLAIN QUERY PLAN {select} LIMIT 50", *values)]

    def _mark(self, name: str) -> Any:
        found = self._known("SELECT value FROM marks WHERE name = ?", name)
        return found[0][0] if found else None

    def _known(self, query: str, *values: Any) -> list[Any]:
        """Return what the index has; nothing if it can't be read, as rows are shown without it too."""
        try:
            return self._all(query, *values)
        except sqlite3.Error as error:
            self._remove_damaged(error)
            return []

    def _remove_damaged(self, error: sqlite3.Error) -> bool:
        """Remove the index if that's what is wrong, so that it's made again; return whether it was."""
        # Only then: one that is locked or can't be opened may be whole. The code's low byte is its kind.
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return False
        try:
            for ending in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _all(self, query: str, *values: Any) -> list[Any]:
        if not self.path.exists():
            return []
        # Our own writer never holds up who reads. Another program may, and a page shouldn't wait for it.
        with closing(self._connection(seconds=1)) as connection:
            return connection.execute(query, values).fetchall()

    def _connection(self, seconds: int = 10) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=seconds, isolation_level=None)

    def _update(self) -> None:
        # One thread at a time; another page that comes meanwhile shows what is there.
        if not self._writing.acquire(blocking=False):
            return
        try:
            try:
                self._index_rows()
            except sqlite3.Error as error:
                if not self._remove_damaged(error):
                    raise
                self._index_rows()
        except (SeedbedError, OSError, sqlite3.Error, *ODD) as error:
            # The pages work without it: nothing is found by words until it can be written.
            self._report(error)
        finally:
            self._writing.release()

    def _report(self, error: Exception) -> None:
        # Each page tries it again.
        level = logging.DEBUG if self._has_failed else logging.WARNING
        self._has_failed = True
        trace = error if isinstance(error, ODD) else None
        _log.log(level, "'%s' can't be brought up to date: %s", self.path, error, exc_info=trace)

    def _index_rows(self) -> None:
        with RunReader.open(self._run) as reader, closing(self._prepared(reader)) as connection:
            rows = iter(reader.rows(self._leaf).placed(self._last(connection)))
            while True:
                try:
                    batch = [_Entry.of(row) for row in islice(rows, _AT_A_TIME)]
                except (StoreError, *ODD):
                    self._index_readable(reader, connection)
                    return
                if not batch:
                    return
                self._add(connection, batch)

    def _index_readable(self, reader: RunReader, connection: sqlite3.Connection) -> None:
        """Index the rows that can be read, after those that are indexed: some of a damaged run can't."""
        last = self._last(connection)
        while seqs := reader.accepted_seqs(self._leaf, last, _AT_A_TIME):
            last = seqs[-1]
            if entries := list(_readable(read_rows(reader, self._leaf, seqs).rows)):
                self._add(connection, entries)

    def _prepared(self, reader: RunReader) -> sqlite3.Connection:
        """Return a connection to an index of this version, of rows that are still the same."""
        # A session that comes later may have made rows again.
        session = reader.last_session()
        state = f"{_VERSION} {session.id if session else 0} {session.started if session else ''}"
        connection = self._connection()
        # It can be made again, so it needn't survive a power cut.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'marks'").fetchall()
        known = (
            connection.execute("SELECT value FROM marks WHERE name = 'state'").fetchall() if tables else []
        )
        if known != [(state,)]:
            connection.execute("BEGIN IMMEDIATE")
            for table in ("marks", "cells", "counts", "words"):
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO marks VALUES ('state', ?)", [state])
            connection.execute("COMMIT")
        self._is_full = {
            name for (name,) in connection.execute("SELECT value FROM marks WHERE name LIKE 'full %'")
        }
        return connection

    def _last(self, connection: sqlite3.Connection) -> int:
        found = connection.execute("SELECT value FROM marks WHERE name = 'last'").fetchone()
        return int(found[0]) if found else -1

    def _add(self, connection: sqlite3.Connection, entries: Sequence[_Entry]) -> None:
        cells = [(name, value, one.seq) for one in entries for name, value in one.values]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO words (rowid, text) VALUES (?, ?)", [(one.seq, one.words) for one in entries]
        )
        connection.executemany("INSERT OR REPLACE INTO cells VALUES (?, ?, ?)", cells)
        self._count(connection, Counter((name, value) for name, value, _ in cells))
        connection.execute(
            "INSERT INTO marks VALUES ('rows', ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [len(entries)],
        )
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('last', ?)", [entries[-1].seq])
        connection.execute("COMMIT")

    def _count(self, connection: sqlite3.Connection, counts: Counter[tuple[str, Any]]) -> None:
        connection.executemany(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (name, value) DO UPDATE SET number = number + ?",
            [(*key, number, number) for key, number in counts.items() if key[0] not in self._is_full],
        )
        # A column with many values, such as a title, isn't one to choose from.
        for name in {name for name, _ in counts} - self._is_full:
            (number,) = connection.execute("SELECT count(*) FROM counts WHERE name = ?", [name]).fetchone()
            if number > _MOST_VALUES:
                connection.execute("DELETE FROM counts WHERE name = ?", [name])
                connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", [f"full {name}", name])
                self._is_full.add(name)


def _readable(rows: Sequence[PlacedRow]) -> Iterator[_Entry]:
    for row in rows:
        try:
            yield _Entry.of(row)
        except ODD as error:
            _log.debug("row %d can't be indexed", row.seq, exc_info=error)


def _as_json(names: Sequence[str]) -> str:
    return orjson.dumps(list(dict.fromkeys(names))).decode()


def values_of(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the short values of a row, by column: what it can be sorted by and filtered with."""
    for name, value in row.items():
        if isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            yield name, float(value)
        elif isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _LONGEST):
            yield name, value


def words_of(value: Any) -> str:
    """Return all texts in a value, to be searched in."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return "\n".join(words_of(one) for one in value.values())
    if isinstance(value, list):
        return "\n".join(words_of(one) for one in value)
    return "" if value is None or isinstance(value, bool) else str(value)
