"""Looks for what is wrong in a run's database, once reading it has failed in a way that nobody foresaw.

Checking the type of each value as it's read would cost every reader of every run. Files are seldom damaged,
and SQLite finds most damage itself, but not a value of another type: a column takes any.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import orjson

from seedbed.store.answer_packing import unpack
from seedbed.store.run_schema import SCHEMA

_STORED: Mapping[str, str] = MappingProxyType(
    {"TEXT": "'text'", "INTEGER": "'integer'", "REAL": "'real', 'integer'", "BLOB": "'blob'"}
)
"""The types of SQLite that a column may hold; another tool may write a whole number to a REAL."""
_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("verdicts", "verdict"): ("accepted", "rejected", "failed"),
        ("results", "status"): ("done", "partial", "rejected", "failed"),
    }
)
_JSON = (
    ("sessions", "manifest", dict),
    ("sessions", "summary", dict),
    ("results", "data", list),
    ("results", "reasons", list),
)
_NAMES: Mapping[type, str] = MappingProxyType({dict: "an object", list: "a list"})
_TABLE = re.compile(r"CREATE TABLE (\w+) \((.*)\)", re.DOTALL)
_COLUMN = re.compile(r"^\s*(\w+) (TEXT|INTEGER|REAL|BLOB)( NOT NULL| PRIMARY KEY)?", re.MULTILINE)


def damage_in(connection: sqlite3.Connection) -> str | None:
    """Return what is wrong in a run's database, in words; None if every value is one that may be there."""
    try:
        return next(_found(connection), None)
    except (sqlite3.Error, UnicodeDecodeError):
        # Whatever the caller was about to raise says more.
        return None


def _found(connection: sqlite3.Connection) -> Iterator[str]:
    for table, column, kind, needed in _columns():
        kinds = _STORED[kind] + ("" if needed else ", 'null'")
        query = f"SELECT typeof({column}) FROM {table} WHERE typeof({column}) NOT IN ({kinds}) LIMIT 1"
        for (is_there,) in connection.execute(query):
            yield f"'{column}' of its table '{table}' holds a value of the type {is_there}"
    for (table, column), words in _WORDS.items():
        listed = ", ".join(f"'{word}'" for word in words)
        query = f"SELECT {column} FROM {table} WHERE {column} NOT IN ({listed}) LIMIT 1"
        for (word,) in connection.execute(query):
            yield f"'{column}' of its table '{table}' holds {word!r:.40}"
    for table, column, made in _JSON:
        query = f"SELECT CAST({column} AS BLOB) FROM {table} WHERE {column} IS NOT NULL"
        if not all(_is_json(text, made) for (text,) in connection.execute(query)):
            yield f"'{column}' of its table '{table}' holds what isn't {_NAMES[made]} of JSON"
    for (answer,) in connection.execute("SELECT CAST(answer AS BLOB) FROM calls"):
        if not _is_answer(answer):
            yield "'answer' of its table 'calls' holds what isn't an answer"


def _columns() -> Iterator[tuple[str, str, str, bool]]:
    """Yield table, column, declared type, and whether it must have a value."""
    for statement in SCHEMA:
        if (table := _TABLE.match(statement)) is not None:
            for column in _COLUMN.finditer(table[2]):
                yield table[1], column[1], column[2], column[3] is not None


def _is_json(text: bytes, made: type) -> bool:
    try:
        return isinstance(orjson.loads(text), made)
    except orjson.JSONDecodeError:
        return False


def _is_answer(packed: bytes) -> bool:
    # Imported here: readers of runs need none of it.
    from seedbed.llm.response_json import decode_response

    try:
        decode_response(unpack(packed))
    except Exception:  # noqa: BLE001 - whatever it raises, it can't be read
        return False
    return True
