"""Turns what a step gave into rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from seedbed.errors import InvalidRowError
from seedbed.tasks.mapping import renamed
from seedbed.tasks.rows import Row, checked_row
from seedbed.tasks.values import plain_value

T = TypeVar("T")


def as_rows(given: object, step: str) -> list[Row]:
    """Return what step `step` gave as rows of JSON values.

    As `plain_rows`; raises InvalidRowError too for a value that JSON cannot hold.
    """
    return [checked_row(row) for row in plain_rows(given, step)]


def plain_rows(given: object, step: str) -> list[Row]:
    """Return what step `step` gave as rows, whose values nobody has looked at yet.

    A row is one row, a list stays a list, `(rows, last)` is its rows, a pydantic object, a dataclass or
    another mapping becomes a dictionary, and None is no row. Raises InvalidRowError for anything else.
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
            f"step '{step}' gave {type(item).__name__} where a row was expected",
            "a row is a dictionary of columns; a list of rows or a pydantic object will do as well",
        )
    return row


def rows_given(yielded: Iterable[object], step: str) -> Iterable[object]:
    """Return what `process` of a step gave; raise `InvalidRowError` where one cannot go through it."""
    if not isinstance(yielded, Iterable):
        raise InvalidRowError(
            f"`process` of step '{step}' returned {type(yielded).__name__} where rows were expected",
            "yield each row, or a list of them, each time",
        )
    return yielded


def normalised(
    yielded: Iterable[object], step: str, names: Mapping[str, str], added: Mapping[str, Any]
) -> Iterator[list[Row]]:
    """Yield each item of a generator as a list of rows under their final names, with `added` columns.

    A row that has one of the added columns keeps its own.
    """
    for item in rows_given(yielded, step):
        rows = [renamed(row, names) for row in as_rows(item, step)]
        yield [{**row, **{name: value for name, value in added.items() if name not in row}} for row in rows]
