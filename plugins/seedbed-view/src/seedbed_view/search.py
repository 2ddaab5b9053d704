"""An index of a run's rows, in a file next to it: words, values of columns, and how often each occurs.

It's made when the rows are first looked at, in a thread, and follows a run that goes on. It may be removed at
any time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from seedbed import RunReader, SeedbedError, UsageError
from seedbed_view.index_writing import write_index
from seedbed_view.odd_values import ODD
from seedbed_view.places import Place, places_query
from seedbed_view.query import Query

SUFFIX = ".search"
"""What the name of the index ends in, after that of the run's database; removed with it."""

_SHOWN = 12
"""Values of a column to choose from."""

_log = logging.getLogger(__name__)


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
        with closing(sqlite3.connect(self.path, timeout=1, isolation_level=None)) as connection:
            return connection.execute(query, values).fetchall()

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
        with RunReader.open(self._run) as reader:
            write_index(self.path, reader, self._leaf)


def _as_json(names: Sequence[str]) -> str:
    return orjson.dumps(list(dict.fromkeys(names))).decode()
