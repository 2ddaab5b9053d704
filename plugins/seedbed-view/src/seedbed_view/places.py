"""Where the rows stand that a query finds: its SELECT on the index."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from seedbed_view.query import Query

Place: TypeAlias = tuple[Any, ...]
"""Where a row stands in an order: its number, after its value if the order is by a column."""


class _Select:
    """A SELECT on one table of the index, which grows by conditions."""

    def __init__(self, table: str, *columns: str) -> None:
        self.columns = columns
        self.seq = columns[-1]
        self.given: list[Any] = []
        self._table = table
        self._conditions: list[str] = []

    def where(self, condition: str, *given: Any) -> None:
        self._conditions.append(condition)
        self.given += given

    def text(self, order: str) -> str:
        ordering = ", ".join(f"{column} {order}" for column in self.columns)
        conditions = " AND ".join(self._conditions)
        return f"SELECT {', '.join(self.columns)} FROM {self._table} WHERE {conditions} ORDER BY {ordering}"


def places_query(query: Query, place: Place) -> tuple[str, list[Any]]:
    """Return the SELECT for the places that a query finds, and its values; every way in is by an index."""
    way, order = ("<", "DESC") if query.down != query.back else (">", "ASC")
    values = dict(query.values)
    if query.sort:
        select = _sorted(query, place, way)
    else:
        select = _by_words(query.words) if query.words else _by_value(*values.popitem())
        if place:
            select.where(f"{select.seq} {way} ?", place[-1])
    for name, value in values.items():
        select.where(
            f"EXISTS (SELECT 1 FROM cells AS f WHERE f.name = ? AND f.value = ? AND f.seq = {select.seq})",
            name,
            value,
        )
    return select.text(order), select.given


def _sorted(query: Query, place: Place, way: str) -> _Select:
    select = _Select("cells AS c", "c.value", "c.seq")
    select.where("c.name = ?", query.sort)
    if len(place) == 2:
        select.where(f"(c.value, c.seq) {way} (?, ?)", *place)
    if query.words:
        select.where("c.seq IN (SELECT rowid FROM words WHERE words MATCH ?)", matching(query.words))
    return select


def _by_words(words: str) -> _Select:
    select = _Select("words AS w", "w.rowid")
    select.where("words MATCH ?", matching(words))
    return select


def _by_value(name: str, value: Any) -> _Select:
    select = _Select("cells AS c", "c.seq")
    select.where("c.name = ? AND c.value = ?", name, value)
    return select


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
