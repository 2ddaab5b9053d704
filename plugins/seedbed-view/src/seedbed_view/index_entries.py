"""What an index has of a row: its words, and its short values by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from seedbed import PlacedRow

_LONGEST = 80
"""Characters of a text that counts as a value, to sort by and to filter with."""


class Entry(NamedTuple):
    """What the index has of a row."""

    seq: int
    words: str
    values: list[tuple[str, Any]]

    @classmethod
    def of(cls, row: PlacedRow) -> Entry:
        """Return the entry of a row."""
        return cls(row.seq, _words_of(row.data), list(_values_of(row.data)))


def _values_of(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the short values of a row, by column: what it can be sorted by and filtered with."""
    for name, value in row.items():
        if isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            yield name, float(value)
        elif isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _LONGEST):
            yield name, value


def _words_of(value: Any) -> str:
    """Return all texts in a value, to be searched in."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return "\n".join(_words_of(one) for one in value.values())
    if isinstance(value, list):
        return "\n".join(_words_of(one) for one in value)
    return "" if value is None or isinstance(value, bool) else str(value)
