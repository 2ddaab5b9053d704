"""Turns what a step returned into rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from seedbed.errors import InvalidRowError
from seedbed.tasks.columns.mapping import renamed
from seedbed.tasks.rows import Row, checked_row
from seedbed.tasks.values import plain_value

T = TypeVar("T")


def as_rows(given: object, step: str) -> list[Row]:
    """Return what step `step` returned, as rows of JSON values.

    Like `plain_rows`, but also raises InvalidRowError for a value that JSON can't hold.
    """
    return [checked_row(row) for row in plain_rows(given, step)]


def plain_rows(given: object, step: str) -> list[Row]:
    """Return what step `step` returned, as rows whose values aren't checked yet.

    A row becomes a list of one, a list stays a list, and `(rows, last)` becomes its rows. A pydantic object,
    a dataclass or another mapping becomes a dictionary. None becomes no row. Raises InvalidRowError for
    anything else.
    """
    if type(given) is dict:
        return [given]
    if given is None:
        return []
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], bool):
        given = given[0]
    items = given if isinstance(given, list) else [given]
    return [_plain_row(item, step) for item in items]


def _plain_row(item: object, step: str) -> Row:
    row = item if type(item) is dict else plain_value(item)
    if not isinstance(row, dict):
        raise InvalidRowError(
            f"step '{step}' returned {type(item).__name__}, not a row",
            "return a dictionary of columns, a list of these, or a pydantic object",
        )
    return row


def rows_given(yielded: Iterable[object], step: str) -> Iterable[object]:
    """Return what `process` of a step returned; raise `InvalidRowError` if its items can't be rows."""
    fact = f"`process` of step '{step}' returned {type(yielded).__name__}, not rows"
    # Going over a table yields the names of its columns.
    if hasattr(yielded, "columns"):
        raise InvalidRowError(
            fact,
            "return its rows: table.to_dict('records') (pandas), .to_dicts() (polars), .to_pylist() (Arrow)",
        )
    # So does going over one row.
    if not isinstance(yielded, Iterable) or isinstance(yielded, Mapping | BaseModel | str | bytes):
        raise InvalidRowError(fact, "yield a row, or a list of rows, each time")
    return yielded


def normalised(
    yielded: Iterable[object], step: str, names: Mapping[str, str], added: Mapping[str, Any]
) -> Iterator[list[Row]]:
    """Yield each item of a generator as a list of rows, with final column names and the `added` columns.

    If a row already has one of the added columns, it keeps its own value.
    """
    for item in rows_given(yielded, step):
        rows = [renamed(row, names) for row in as_rows(item, step)]
        yield [{**row, **{name: value for name, value in added.items() if name not in row}} for row in rows]
