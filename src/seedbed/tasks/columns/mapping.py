"""Other names for the columns that a step makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seedbed.errors import InvalidRowError
from seedbed.tasks.rows import Row


def check_mappings(names: Mapping[str, str]) -> None:
    """Raise ValueError for names that would give two columns one name.

    A new name can't be an old name too: then it doesn't matter how often a row is renamed.
    """
    news = list(names.values())
    for new in news:
        if not new or news.count(new) > 1 or new in names:
            problem = "is used twice" if new else "is empty"
            raise ValueError(f"the name {new!r} {problem}: give each column its own name")


def mapped(columns: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """Return the columns under their new names."""
    return [names.get(column, column) for column in columns]


def renamed(row: Row, names: Mapping[str, str]) -> Row:
    """Return the row with its columns under their new names; raise InvalidRowError if two have one name."""
    if not names:
        return row
    result = {names.get(column, column): value for column, value in row.items()}
    if len(result) < len(row):
        (old, new), *_ = [(old, new) for old, new in names.items() if old in row and new in row]
        raise InvalidRowError(
            f"column '{old}' cannot be renamed to '{new}': the row already has a column '{new}'",
            "choose another name in output_mappings",
        )
    return result
