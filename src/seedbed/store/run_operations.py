"""What can be done to a run's database, each as a value, and how a group of them is applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from typing import Any, NamedTuple, TypeAlias

from seedbed.store.answer_packing import pack_calls
from seedbed.store.run_values import Call, Result, Verdict

SIZES = (1, 4, 16, 64, 256)
"""Rows of one statement. A few fixed sizes, so that SQLite prepares each statement once."""


class TruncateVerdicts(NamedTuple):
    """Forget the verdicts of a leaf from `seq` on."""

    leaf: str
    seq: int


class ForgetResults(NamedTuple):
    """Forget all results of a step."""

    step: str


class Mark(NamedTuple):
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
    """Say how long a session has worked."""

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
    | TruncateVerdicts
    | ForgetResults
    | Mark
    | SessionStart
    | SessionTime
    | SessionEnd
)


def size_of(operation: Operation) -> int:
    """Return the bytes of the answer or the rows that an operation adds."""
    kind = type(operation)
    if kind is Call:
        return len(operation.answer)  # type: ignore[union-attr]
    return len(operation.data) if kind is Result else 0  # type: ignore[union-attr]


_ENCODED = ("data", "reasons")

Apply: TypeAlias = Callable[[sqlite3.Connection, Sequence[Any]], None]


def apply(connection: sqlite3.Connection, operations: Iterable[Operation]) -> None:
    """Apply all of them inside the transaction that is open.

    The order is kept within each table only: nobody sees a part of a transaction.
    """
    tables: dict[str, list[Operation]] = {}
    for operation in operations:
        tables.setdefault(_TABLES[type(operation)], []).append(operation)
    for of_table in tables.values():
        for kind, alike in groupby(of_table, type):
            _APPLY[kind](connection, list(alike))


def _insert(table: str, columns: Sequence[str]) -> Apply:
    """Return what writes many rows by one statement, replacing those of equal key.

    `executemany` lets go of the GIL for every row, and getting it back from a busy thread may take
    5 ms each time. A statement is filled up with empty rows to the next size; its LIMIT cuts them off.
    """
    # Text given as UTF-8 is not decoded on the way to the file.
    places = ",".join("CAST(? AS TEXT)" if column in _ENCODED else "?" for column in columns)
    head = f"INSERT OR REPLACE INTO {table} ({','.join(columns)}) SELECT * FROM "
    statements = {size: f"{head}(VALUES {','.join([f'({places})'] * size)}) LIMIT ?" for size in SIZES}

    def insert(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        for start in range(0, len(rows), SIZES[-1]):
            chunk = rows[start : start + SIZES[-1]]
            size = next(size for size in SIZES if size >= len(chunk))
            filling = [None] * (len(columns) * (size - len(chunk)))
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


_TABLES: dict[type[Operation], str] = {
    Call: "calls",
    Result: "results",
    ForgetResults: "results",
    Verdict: "verdicts",
    TruncateVerdicts: "verdicts",
    Mark: "marks",
    SessionStart: "sessions",
    SessionTime: "sessions",
    SessionEnd: "sessions",
}

_APPLY: dict[type[Operation], Apply] = {
    Call: _insert_packed,
    Result: _insert("results", Result._fields),
    ForgetResults: _each("DELETE FROM results WHERE step = ?"),
    Verdict: _insert("verdicts", Verdict._fields),
    TruncateVerdicts: _each("DELETE FROM verdicts WHERE leaf = ? AND seq >= ?"),
    Mark: _insert("marks", Mark._fields),
    SessionStart: _insert("sessions", SessionStart._fields),
    SessionTime: _each("UPDATE sessions SET seconds = ? WHERE id = ?"),
    SessionEnd: _each("UPDATE sessions SET ended = ?, seconds = ?, outcome = ?, summary = ? WHERE id = ?"),
}
