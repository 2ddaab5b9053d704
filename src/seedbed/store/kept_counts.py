"""Sums over a run's rows that are kept with it, so that nobody adds up millions of rows again.

The mark `counts` holds the sums up to some call, some result and some verdict of each leaf. Whoever reads
adds those that came after. The writer brings the sums up to date now and then, and whenever a row that is in
them is replaced or removed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from seedbed.store.row_blocks import IS_BLOCK, REFUSED_IN, ROWS_IN

COUNTS = "counts"
"""The name of the mark."""

EVERY = 50_000
"""Operations after which the writer brings the sums up to date."""

EVERY_BYTES = 2**24
"""The same for the bytes of answers and rows."""

Query: TypeAlias = Callable[..., list[Any]]
"""Returns all rows of a query, which is followed by its values."""

LEAVES = (
    # Not DISTINCT, which would scan all verdicts: each step of this jumps to the next leaf in the index.
    "WITH RECURSIVE leaves(leaf) AS (SELECT min(leaf) FROM verdicts UNION ALL "
    "SELECT (SELECT min(leaf) FROM verdicts WHERE leaf > leaves.leaf) FROM leaves WHERE leaf IS NOT NULL) "
    "SELECT leaf FROM leaves WHERE leaf IS NOT NULL"
)
"""The query for all leaves with verdicts, in the order of their names."""

_CALLS = (
    "SELECT step, model, count(*), sum(input_tokens), sum(output_tokens), sum(cached_tokens), "
    "sum(reasoning_tokens), total(cost), count(*) - count(cost) FROM {} "
    "GROUP BY step, model ORDER BY min(rowid)"
)
_RESULTS = "SELECT step, status, count(*) FROM {} GROUP BY step, status ORDER BY min(rowid)"
# What a block says beyond being one result. The limit keeps SQLite from sorting the data by step, and not
# only the numbers.
_IN_BLOCKS = tuple(
    f"SELECT step, '{status}', sum(number) FROM "
    f"(SELECT step, {number} AS number FROM {{}} AND {IS_BLOCK} LIMIT -1) GROUP BY step"
    for status, number in (("done", f"{ROWS_IN} - 1"), ("rejected", REFUSED_IN))
)
_VERDICTS = "SELECT leaf, verdict, count(*) FROM {} GROUP BY leaf, verdict"

# Columns of the rows that are noted when they're removed, and where each was: of those with one place, only
# the first is noted, which is the one that was counted.
_REMOVED = {
    "calls": (
        "place INTEGER PRIMARY KEY, step, model, input_tokens, output_tokens, cached_tokens, "
        "reasoning_tokens, cost",
        "OLD.rowid, OLD.step, OLD.model, OLD.input_tokens, OLD.output_tokens, OLD.cached_tokens, "
        "OLD.reasoning_tokens, OLD.cost",
        "place = OLD.rowid",
    ),
    "results": (
        "place INTEGER PRIMARY KEY, step, status, row, data, reasons",
        "OLD.rowid, OLD.step, OLD.status, OLD.row, "
        "CASE WHEN instr(OLD.row, '+') THEN OLD.data END, CASE WHEN instr(OLD.row, '+') THEN OLD.reasons END",
        "place = OLD.rowid",
    ),
    "verdicts": (
        "leaf, place, verdict, PRIMARY KEY (leaf, place)",
        "OLD.leaf, OLD.seq, OLD.verdict",
        "leaf = OLD.leaf AND place = OLD.seq",
    ),
}

Sums: TypeAlias = dict[tuple[str, str], list[float]]
"""Counts and further sums, by two names."""


@dataclass
class Counts:
    """Sums of calls by step and model, of results by step and status, and of verdicts by leaf and verdict.

    They're in the order of their first rows. `last_call` and `last_result` (rowids) and `last_verdicts`
    (numbers, by leaf) say up to where.
    """

    last_call: int = 0
    calls: Sums = field(default_factory=dict)
    last_result: int = 0
    results: Sums = field(default_factory=dict)
    last_verdicts: dict[str, int] = field(default_factory=dict)
    verdicts: Sums = field(default_factory=dict)

    @classmethod
    def kept(cls, query: Query) -> Counts:
        """Return the sums that are kept; empty if there are none, or if they're damaged."""
        found = query("SELECT value FROM marks WHERE name = ?", COUNTS)
        try:
            last_call, calls, last_result, results, last_verdicts, verdicts = orjson.loads(found[0][0])
            return cls(
                int(last_call),
                _sums(calls, 7),
                int(last_result),
                _sums(results, 1),
                {leaf: int(last) for leaf, last in last_verdicts.items()},
                _sums(verdicts, 1),
            )
        except (IndexError, TypeError, ValueError, AttributeError):
            return cls()

    def encoded(self) -> bytes:
        """Return the sums as the mark holds them."""
        calls, results, verdicts = map(_listed, (self.calls, self.results, self.verdicts))
        return orjson.dumps([self.last_call, calls, self.last_result, results, self.last_verdicts, verdicts])

    def add_all(self, query: Query) -> Counts:
        """Add the rows that came after those that are counted; return the sums."""
        self.add_calls(query)
        self.add_results(query)
        # Also leaves of which all verdicts were removed: the next one has a number that was counted before.
        for leaf in {*self.last_verdicts, *(leaf for (leaf,) in query(LEAVES))}:
            self.add_verdicts(query, leaf)
        return self

    def add_calls(self, query: Query) -> None:
        """Add the calls that came after those that are counted."""
        last = query("SELECT ifnull(max(rowid), 0) FROM calls")[0][0]
        _add(self.calls, query(_CALLS.format("calls WHERE rowid > ? AND rowid <= ?"), self.last_call, last))
        self.last_call = last

    def add_results(self, query: Query) -> None:
        """Add the results that came after those that are counted."""
        last = query("SELECT ifnull(max(rowid), 0) FROM results")[0][0]
        source = "results WHERE rowid > ? AND rowid <= ?"
        self._add_results(query, source, self.last_result, last)
        self.last_result = last

    def _add_results(self, query: Query, source: str, *values: object, sign: int = 1) -> None:
        for sums in (_RESULTS, *_IN_BLOCKS):
            _add(self.results, query(sums.format(source), *values), sign=sign)

    def add_verdicts(self, query: Query, leaf: str) -> None:
        """Add the verdicts of a leaf that came after those that are counted."""
        last = query("SELECT ifnull(max(seq), -1) FROM verdicts WHERE leaf = ?", leaf)[0][0]
        source = "verdicts WHERE leaf = ? AND seq > ? AND seq <= ?"
        _add(self.verdicts, query(_VERDICTS.format(source), leaf, self.last_verdicts.get(leaf, -1), last))
        self.last_verdicts[leaf] = last

    def correct(self, query: Query) -> None:
        """Take off what was counted and is removed, and add what is in its place now."""
        place = "rowid IN (SELECT place FROM calls_removed) AND rowid <= ?"
        _add(self.calls, query(_CALLS.format("calls_removed WHERE place <= ?"), self.last_call), sign=-1)
        _add(self.calls, query(_CALLS.format(f"calls WHERE {place}"), self.last_call))
        place = "rowid IN (SELECT place FROM results_removed) AND rowid <= ?"
        self._add_results(query, "results_removed WHERE place <= ?", self.last_result, sign=-1)
        self._add_results(query, f"results WHERE {place}", self.last_result)
        for leaf, last in self.last_verdicts.items():
            gone = "verdicts_removed WHERE leaf = ? AND place <= ?"
            _add(self.verdicts, query(_VERDICTS.format(gone), leaf, last), sign=-1)
            place = f"seq IN (SELECT place FROM {gone})"
            _add(
                self.verdicts,
                query(_VERDICTS.format(f"verdicts WHERE leaf = ? AND {place}"), leaf, leaf, last),
            )


def watch(connection: sqlite3.Connection) -> None:
    """Have the writer's connection note the rows that it replaces or removes, in its transaction."""
    # It has REPLACE count as removal.
    connection.execute("PRAGMA recursive_triggers = ON")
    for table, (columns, values, place) in _REMOVED.items():
        connection.execute(f"CREATE TEMP TABLE {table}_removed ({columns})")
        # Not OR IGNORE: in a trigger, the policy of the statement that fires it counts, which is REPLACE.
        connection.execute(
            f"CREATE TEMP TRIGGER note_{table}_removed AFTER DELETE ON main.{table} "
            f"WHEN NOT EXISTS (SELECT 1 FROM {table}_removed WHERE {place}) "
            f"BEGIN INSERT INTO {table}_removed VALUES ({values}); END"
        )


def keep_counts(connection: sqlite3.Connection, *, due: bool) -> None:
    """Bring the sums up to date, in the writer's transaction, if it's `due` or a row was removed."""
    query = query_on(connection)
    changed = any(query(f"SELECT 1 FROM {table}_removed LIMIT 1") for table in _REMOVED)
    if not (due or changed):
        return
    counts = Counts.kept(query)
    if changed:
        counts.correct(query)
        for table in _REMOVED:
            connection.execute(f"DELETE FROM {table}_removed")
    counts.add_all(query)
    connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", [COUNTS, counts.encoded()])


def query_on(connection: sqlite3.Connection) -> Query:
    """Return what runs queries on a connection."""
    return lambda text, *values: connection.execute(text, values).fetchall()


def _add(sums: Sums, found: list[Any], *, sign: int = 1) -> None:
    for first, second, *more in found:
        before = sums.get((first, second), [0] * len(more))
        sums[first, second] = [a + sign * b for a, b in zip(before, more, strict=True)]


def _listed(sums: Sums) -> list[Any]:
    return [[*names, *numbers] for names, numbers in sums.items()]


def _sums(kept: Any, count: int) -> Sums:
    """Return the sums of a mark, `count` numbers each; raise ValueError if they're something else."""
    sums: Sums = {}
    for first, second, *numbers in kept:
        if len(numbers) != count or not all(type(number) in (int, float) for number in numbers):
            raise ValueError("it has no sums")
        sums[str(first), str(second)] = numbers
    return sums
