"""The rows of two runs in a temporary file, so that millions are matched by id in little memory."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from seedbed.store.run_queries import RunQueries

_TABLE = """CREATE TABLE {} (
    seq INTEGER PRIMARY KEY, row TEXT, verdict TEXT, step TEXT, source_row TEXT, k INTEGER, digest BLOB,
    reason TEXT
)"""
# Rows that run {0} has accepted and run {1} has accepted, too; and those that run {1} hasn't accepted.
_IN_BOTH = """FROM {0} AS own JOIN {1} AS other ON other.row = own.row AND other.verdict = 'accepted'
    WHERE own.verdict = 'accepted'"""
_IN_ONE = """FROM {0} AS own LEFT JOIN {1} AS other ON other.row = own.row AND other.verdict = 'accepted'
    WHERE own.verdict = 'accepted' AND other.row IS NULL"""
_FIRST, _SECOND = "first_run", "second_run"


class Place(NamedTuple):
    """Where the data of an accepted row is: row `k` of the result of (`step`, `source_row`)."""

    step: str
    source_row: str
    k: int


class Pair(NamedTuple):
    """An accepted row that has other data in the other run, and where both are."""

    row: str
    first: Place
    second: Place


class LonePlace(NamedTuple):
    """Where a row is that only one run has accepted, and what the other decided of it (empty if nothing)."""

    row: str
    place: Place
    verdict: str = ""
    step: str = ""
    reason: str = ""


class RowIndex:
    """The verdicts of two runs with digests of their rows, to be joined by id; use it in a `with`.

    Ids aren't in the order of the rows, so the stores have no order in common that both could be read in.
    """

    def __init__(self, first: tuple[RunQueries, str], second: tuple[RunQueries, str]) -> None:
        # The empty name: a file of SQLite's own once it's larger than the cache, which nobody else sees.
        self._file = sqlite3.connect("")
        try:
            self._fill(_FIRST, *first)
            self._fill(_SECOND, *second)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _fill(self, table: str, queries: RunQueries, leaf: str) -> None:
        self._file.execute(_TABLE.format(table))
        insert = f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._file.executemany(insert, _accepted(queries, leaf))
        self._file.executemany(insert, _refused(queries, leaf))
        self._file.execute(f"CREATE INDEX {table}_row ON {table} (row, verdict)")

    def count_common(self) -> tuple[int, int]:
        """Return how many rows both have accepted with the same data, and with other data."""
        query = f"SELECT count(*), ifnull(sum(own.digest = other.digest), 0) {_IN_BOTH}"
        both, same = self._file.execute(query.format(_FIRST, _SECOND)).fetchone()
        return same, both - same

    def changed(self) -> Iterator[Pair]:
        """Yield the rows that have other data in the second run, in the order of the first."""
        places = ", ".join(f"{run}.{name}" for run in ("own", "other") for name in Place._fields)
        query = f"SELECT own.row, {places} {_IN_BOTH} AND own.digest != other.digest ORDER BY own.seq"
        for row, *found in self._file.execute(query.format(_FIRST, _SECOND)):
            yield Pair(row, Place(*found[:3]), Place(*found[3:]))

    def count_alone(self) -> tuple[int, int]:
        """Return how many rows only the first run has accepted, and only the second."""
        first, second = (
            int(self._file.execute(f"SELECT count(*) {_IN_ONE.format(*tables)}").fetchone()[0])
            for tables in ((_FIRST, _SECOND), (_SECOND, _FIRST))
        )
        return first, second

    def alone(self, most: int, *, second: bool = False) -> list[LonePlace]:
        """Return the first `most` rows that only the first run has accepted, or only the second one."""
        tables = (_SECOND, _FIRST) if second else (_FIRST, _SECOND)
        found = self._file.execute(
            f"SELECT own.row, own.step, own.source_row, own.k {_IN_ONE.format(*tables)} "
            "ORDER BY own.seq LIMIT ?",
            (most,),
        ).fetchall()
        query = f"SELECT verdict, step, reason FROM {tables[1]} WHERE row = ? LIMIT 1"
        return [
            LonePlace(row, Place(*place), *(self._file.execute(query, (row,)).fetchone() or ()))
            for row, *place in found
        ]


def _accepted(queries: RunQueries, leaf: str) -> Iterator[tuple[Any, ...]]:
    for one in queries.rows(leaf).placed():
        # The order of columns isn't part of a row.
        encoded = orjson.dumps(one.data, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.blake2b(encoded, digest_size=8).digest()
        yield one.seq, one.row, "accepted", one.step, one.source_row, one.k, digest, ""


def _refused(queries: RunQueries, leaf: str) -> Iterator[tuple[Any, ...]]:
    for one in queries.refused(leaf):
        reason = one.reason.partition("\n")[0]
        yield one.seq, one.row, one.verdict, one.step, "", 0, b"", reason
