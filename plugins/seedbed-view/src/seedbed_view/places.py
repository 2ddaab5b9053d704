"""Where the rows stand that a query finds: its SELECT on the index."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from seedbed_view.query import Query

Place: TypeAlias = tuple[Any, ...]
"""Where a row stands in an order: its number, after its value if the order is by a column."""


def places_query(query: Query, place: Place) -> tuple[str, list[Any]]:
    """Return the SELECT for the places that a query finds, and its values; every way in is by an index."""
    backwards = query.down != query.back
    way, order = ("<", "DESC") if backwards else (">", "ASC")
    given: list[Any] = []
    conditions: list[str] = []
    values = dict(query.values)
    if query.sort:
        table, key = "cells AS c", "c.seq"
        conditions.append("c.name = ?")
        given.append(query.sort)
        if len(place) == 2:
            conditions.append(f"(c.value, c.seq) {way} (?, ?)")
            given += place
        columns, ordering = "c.value, c.seq", f"c.value {order}, c.seq {order}"
    else:
        table, key, columns = (
            ("words AS w", "w.rowid", "w.rowid") if query.words else ("cells AS c", "c.seq", "c.seq")
        )
        if not query.words:
            name, value = values.popitem()
            conditions.append("c.name = ? AND c.value = ?")
            given += [name, value]
        if place:
            conditions.append(f"{key} {way} ?")
            given.append(place[-1])
        ordering = f"{key} {order}"
    if query.words:
        match = matching(query.words)
        if query.sort:
            conditions.append(f"{key} IN (SELECT rowid FROM words WHERE words MATCH ?)")
        else:
            conditions.append("words MATCH ?")
        given.append(match)
    for name, value in values.items():
        conditions.append(
            f"EXISTS (SELECT 1 FROM cells AS f WHERE f.name = ? AND f.value = ? AND f.seq = {key})"
        )
        given += [name, value]
    return f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} ORDER BY {ordering}", given


def matching(words: str) -> str:
    """Return the expression of FTS5 for words as people write them; text in quotes is a phrase."""
    found = re.findall(r'"([^"]+)"|(\S+)', words)
    terms = [phrase or word for phrase, word in found]
    # Quoted, so that nothing in them is an operator; the last word may be its beginning only.
    return (
        " ".join(
            '"{}"{}'.format(term.replace('"', ""), "*" if not phrase else "")
            for term, (phrase, _) in zip(terms, found, strict=True)
        )
        or '""'
    )
