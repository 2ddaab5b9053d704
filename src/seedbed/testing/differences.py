"""Differences between two lists of rows, or of anything else, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from seedbed.tasks.rows import Row

_NOTHING = type("nothing", (), {"__repr__": lambda self: "nothing"})()


def first_difference(first: Iterable[object], second: Iterable[object]) -> str:
    """Return where the second list first differs from the first, and how; empty if they're equal."""
    for place, (one, other) in enumerate(zip_longest(first, second, fillvalue=_NOTHING)):
        if one != other:
            return f"at {place} it was {one!r}, now it is {other!r}"
    return ""


def lacking(rows: Sequence[Row], columns: Iterable[str]) -> list[str]:
    """Return the columns that some rows lack."""
    return [column for column in columns if not all(column in row for row in rows)]
