"""A page of the table of rows: by number, by the index, or by an expression over row after row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from seedbed import Expression, InvalidRowError, PlacedRow, RunReader, UsageError
from seedbed_view.places import Place
from seedbed_view.query import Query
from seedbed_view.read_rows import read_rows
from seedbed_view.search import Index

_SECONDS = 1.0
"""How long an expression is tried on rows for one page; the page says how far it came."""
_AT_A_TIME = 200


class Found(NamedTuple):
    """The rows of a page. `before` and `after` are where the pages next to it begin, None at an end.

    `tried` counts the rows that an expression was tried on; `problem` says for how many it has no value, and
    why. `unread` says what is wrong with the rows that can't be read.
    """

    rows: list[PlacedRow]
    before: Place | None
    after: Place | None
    tried: int = 0
    problem: str = ""
    unread: Sequence[str] = ()


def found_page(reader: RunReader, index: Index, leaf: str, query: Query, most: int) -> Found:
    """Return the rows of a page; raises UsageError for an expression or search that can't be read."""
    if query.where:
        return _by_expression(reader, index, leaf, query, most)
    places = _places(reader, index, leaf, query, query.place, most + 1)
    has_more = len(places) > most
    places = places[:most]
    if query.back:
        places.reverse()
    before = places[0] if places and (has_more if query.back else bool(query.place)) else None
    after = places[-1] if places and (query.back or has_more) else None
    read = read_rows(reader, leaf, [place[-1] for place in places])
    return Found(read.rows, before, after, unread=read.problems)


def _places(
    reader: RunReader, index: Index, leaf: str, query: Query, place: tuple[Any, ...], most: int
) -> list[Place]:
    if query.words or query.values or query.sort:
        return index.places(query, place, most)
    start = int(place[-1]) if place else -1
    return [(seq,) for seq in reader.accepted_seqs(leaf, start, -most if query.back else most)]


def _by_expression(reader: RunReader, index: Index, leaf: str, query: Query, most: int) -> Found:
    trial = _Trial(Expression(query.where))
    place: Place | None = query.place
    unread: list[str] = []
    deadline = time.monotonic() + _SECONDS
    while place is not None and len(trial.rows) < most and time.monotonic() < deadline:
        places = _places(reader, index, leaf, query, place, _AT_A_TIME)
        read = read_rows(reader, leaf, [one[-1] for one in places])
        known = {placed.seq: placed for placed in read.rows}
        unread += read.problems
        place = None
        for one in places:
            place = one
            trial.take(known.get(one[-1]))
            if len(trial.rows) == most:
                break
    if trial.without and trial.without == trial.tried:
        raise UsageError(trial.problem, *trial.advice)
    problem = f"{trial.problem} ({trial.without:,} rows)" if trial.without else ""
    return Found(trial.rows, None, place, trial.tried, problem, unread)


class _Trial:
    """An expression that is tried on rows: those for which it holds, and why it has no value for others."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression
        self.rows: list[PlacedRow] = []
        self.tried = 0
        self.without = 0
        self.problem = ""
        self.advice: Sequence[str] = ()

    def take(self, row: PlacedRow | None) -> None:
        if row is None:
            return
        self.tried += 1
        try:
            if self._expression.holds(row.data):
                self.rows.append(row)
        except InvalidRowError as error:
            self.without += 1
            self.problem, self.advice = error.fact, error.advice
