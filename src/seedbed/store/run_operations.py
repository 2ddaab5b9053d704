"""Changes to a run's database, each as a value, and how a group of them is applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import orjson

from seedbed.store.answer_packing import pack_calls
from seedbed.store.kept_counts import keep_counts
from seedbed.store.row_blocks import IS_BLOCK_FROM
from seedbed.store.run_values import Call, Result, Verdict

SIZES = (1, 4, 16, 64, 256)
"""Rows of one statement. There are few sizes, so that sqlite3's cache of prepared statements holds all."""


class BlockVerdicts(NamedTuple):
    """Add the verdicts on the rows of a block: they have the numbers from `first` on, and these ids.

    Its rows are those of the result of (`step`, `block`). `refused` has the steps that rejected rows, by
    their places in the block.
    """

    leaf: str
    first: int
    rows: Sequence[str]
    step: str
    block: str
    refused: Mapping[int, str]


class TruncateVerdicts(NamedTuple):
    """Delete the verdicts of a leaf from `seq` on."""

    leaf: str
    seq: int


class ForgetResults(NamedTuple):
    """Delete all results of a step."""

    step: str


class ForgetBlocks(NamedTuple):
    """Delete the blocks of rows that have verdicts from `seq` on."""

    seq: int


class SetMark(NamedTuple):
    """Set a named value."""

    name: str
    value: bytes | str


class SessionStart(NamedTuple):
    """Begin a session; `manifest` is JSON."""

    id: int
    started: str
    seconds: float
    manifest: str


class SessionTime(NamedTuple):
    """Record how long a session has been running."""

    seconds: float
    id: int


class SessionEnd(NamedTuple):
    """End a session; `summary` is JSON."""

    ended: str
    seconds: float
    outcome: str
    summary: str
    id: int


Operation: TypeAlias = (
    Call
    | Result
    | Verdict
    | BlockVerdicts
    | TruncateVerdicts
    | ForgetResults
    | ForgetBlocks
    | SetMark
    | SessionStart
    | SessionTime
    | SessionEnd
)


def size_of(operation: Operation) -> int:
    """Return the bytes of the answer, the rows or the ids that an operation adds."""
    kind = type(operation)
    if kind is Call:
        return len(operation.answer)  # type: ignore[union-attr]
    if kind is Result:
        return len(operation.data)  # type: ignore[union-attr]
    return _ID_BYTES * len(operation.rows) if kind is BlockVerdicts else 0  # type: ignore[union-attr]


_ID_BYTES = 72
"""Bytes of a row's id in memory."""


# Columns of text that we have as UTF-8 bytes already.
_ENCODED = ("data", "reasons")

Apply: TypeAlias = Callable[[sqlite3.Connection, Sequence[Any]], None]


def apply(connection: sqlite3.Connection, operations: Iterable[Operation]) -> None:
    """Apply all operations inside the transaction that is open."""
    # Their order is kept within each table only. Nobody sees half a transaction, and operations of one kind
    # that stand together are one statement.
    tables: dict[str, list[Operation]] = {}
    for operation in operations:
        tables.setdefault(_TABLES[type(operation)], []).append(operation)
    for of_table in tables.values():
        for kind, alike in groupby(of_table, type):
            _APPLY[kind](connection, list(alike))


def _insert(table: str, columns: Sequence[str]) -> Apply:
    """Return a function that writes many rows with one statement, replacing rows with the same key."""
    # Not `executemany`: it releases the GIL for every row, and getting it back from a busy thread takes up to
    # 5 ms (the switch interval) each time. A chunk is padded to the next size with rows of zeros, which the
    # LIMIT cuts off.
    # CAST stores bytes as text without decoding them first; SQLite doesn't check that they are UTF-8.
    places = ",".join("CAST(? AS TEXT)" if column in _ENCODED else "?" for column in columns)
    head = f"INSERT OR REPLACE INTO {table} ({','.join(columns)}) SELECT * FROM "
    statements = {size: f"{head}(VALUES {','.join([f'({places})'] * size)}) LIMIT ?" for size in SIZES}

    def insert(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        for start in range(0, len(rows), SIZES[-1]):
            chunk = rows[start : start + SIZES[-1]]
            size = next(size for size in SIZES if size >= len(chunk))
            # Not None: sqlite3 looks for a way to adapt each None, which takes 0.3 us, ten times as long.
            filling = [0] * (len(columns) * (size - len(chunk)))
            connection.execute(statements[size], [*chain.from_iterable(chunk), *filling, len(chunk)])

    return insert


def _each(statement: str) -> Apply:
    def execute(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            connection.execute(statement, row)

    return execute


_insert_calls = _insert("calls", Call._fields)


def _insert_packed(connection: sqlite3.Connection, calls: Sequence[Call]) -> None:
    _insert_calls(connection, pack_calls(calls))


_insert_results = _insert("results", Result._fields)


# SQLite takes the ids apart: a tuple and seven values for each row took four times as long. A rejected row is
# the list of its id and the step. Many blocks are one statement, as after each one the GIL has to be got back
# from a busy thread.
_BLOCK = """SELECT ?, ? + key, iif(type = 'text', value, json_extract(value, '$[0]')),
    iif(type = 'text', 'accepted', 'rejected'), iif(type = 'text', ?, json_extract(value, '$[1]')), ?, key
    FROM json_each(?)"""
_BLOCKS = "INSERT OR REPLACE INTO verdicts (leaf, seq, row, verdict, step, source_row, k) "
_VALUES = _BLOCK.count("?")
_MOST_BLOCKS = 32

_insert_verdicts = _insert("verdicts", Verdict._fields)


def _insert_blocks(connection: sqlite3.Connection, blocks: Sequence[BlockVerdicts]) -> None:
    values: list[Any] = []
    for leaf, first, rows, step, block, refused in blocks:
        decided: list[Any] = [*rows]
        for i, by in refused.items():
            decided[i] = (rows[i], by)
        values += (leaf, first, step, block, orjson.dumps(decided).decode())
    for start in range(0, len(values), _VALUES * _MOST_BLOCKS):
        some = values[start : start + _VALUES * _MOST_BLOCKS]
        connection.execute(_BLOCKS + " UNION ALL ".join([_BLOCK] * (len(some) // _VALUES)), some)


def _forget(statement: str) -> Apply:
    delete = _each(statement)

    def forget(connection: sqlite3.Connection, rows: Sequence[Any]) -> None:
        delete(connection, rows)
        # Before the next result is added: it may get a rowid that the sums take for one they have counted.
        keep_counts(connection, due=False)

    return forget


def _insert_sorted(connection: sqlite3.Connection, results: Sequence[Result]) -> None:
    # Ids of rows are digests, so each result would go to another page of the index, and the page cache holds
    # a few hundred of them: in the order of the index, 8,000 results take half of the time. Sorting is
    # stable, so of two results with one key the last one stays.
    _insert_results(connection, sorted(results, key=_KEY))


_KEY = itemgetter(0, 1)
"""The key of a result: its step and its row."""

_TABLES: dict[type[Operation], str] = {
    Call: "calls",
    Result: "results",
    ForgetResults: "results",
    ForgetBlocks: "results",
    Verdict: "verdicts",
    BlockVerdicts: "verdicts",
    TruncateVerdicts: "verdicts",
    SetMark: "marks",
    SessionStart: "sessions",
    SessionTime: "sessions",
    SessionEnd: "sessions",
}

_APPLY: dict[type[Operation], Apply] = {
    Call: _insert_packed,
    Result: _insert_sorted,
    ForgetResults: _forget("DELETE FROM results WHERE step = ?"),
    ForgetBlocks: _forget(f"DELETE FROM results WHERE {IS_BLOCK_FROM}"),
    Verdict: _insert_verdicts,
    BlockVerdicts: _insert_blocks,
    TruncateVerdicts: _each("DELETE FROM verdicts WHERE leaf = ? AND seq >= ?"),
    SetMark: _insert("marks", SetMark._fields),
    SessionStart: _insert("sessions", SessionStart._fields),
    SessionTime: _each("UPDATE sessions SET seconds = ? WHERE id = ?"),
    SessionEnd: _each("UPDATE sessions SET ended = ?, seconds = ?, outcome = ?, summary = ? WHERE id = ?"),
}
