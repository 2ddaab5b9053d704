"""Columns that keep the Arrow type that they had in the run's input.

A column keeps its type if every value survives the round trip through it, to the byte of its JSON form. After
one value that doesn't, the type of the whole column is inferred from its values instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.store.arrow_arrays import array_of
from seedbed.store.arrow_values import Array, DataType, values_of
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

MOST_WORDS = 100_000
"""Distinct values of a dictionary-encoded column that are held in memory; one with more becomes plain."""


class KeptTypes:
    """The columns that have kept their type so far. Call `look_at` for all rows first, then `end`."""

    def __init__(self, types: bytes | None) -> None:
        self._types: dict[str, DataType] = {}
        self._words: dict[str, dict[Any, int]] = {}
        if types is None:
            return
        import pyarrow as pa

        for field in pa.ipc.read_schema(pa.py_buffer(types)):
            # A column of JSON text was mixed when it was written, and may have one type now: infer it again.
            if b"seedbed.encoding" not in (field.metadata or {}) and not pa.types.is_null(field.type):
                self._types[field.name] = field.type
                if pa.types.is_dictionary(field.type):
                    self._words[field.name] = {}

    def look_at(self, rows: Sequence[Row]) -> None:
        """Drop the columns that have a value of another type among these rows."""
        for name, kind in list(self._types.items()):
            values = [row.get(name) for row in rows]
            if not _comes_back(values, kind) or not self._learns(name, values):
                self._drop(name)

    def end(self, present: Sequence[str]) -> None:
        """Drop the columns that no row has, and those with too many distinct values for their index type."""
        for name, kind in list(self._types.items()):
            words = self._words.get(name)
            if name not in present or (words and not _comes_back([len(words) - 1], kind.index_type)):
                self._drop(name)

    def field(self, name: str) -> pa.Field[Any] | None:
        """Return the field of a column that has kept its type; None for others."""
        import pyarrow as pa

        kind = self._types.get(name)
        return None if kind is None else pa.field(name, kind)

    def array(self, name: str, values: list[Any]) -> Array | None:
        """Return the values of a dictionary-encoded column, with the same dictionary in each batch."""
        # An Arrow file has one dictionary for each column: pyarrow refuses a second one that differs.
        import pyarrow as pa

        words, kind = self._words.get(name), self._types.get(name)
        if words is None or kind is None:
            return None
        places: list[Any] = [None if value is None else words[value] for value in values]
        indices: Array = pa.array(places, kind.index_type)
        return pa.DictionaryArray.from_arrays(
            indices, array_of(list(words), kind.value_type), ordered=kind.ordered
        )

    def _drop(self, name: str) -> None:
        self._types.pop(name)
        self._words.pop(name, None)

    def _learns(self, name: str, values: list[Any]) -> bool:
        """Add values to the column's dictionary, if it has one; return whether they fit."""
        words = self._words.get(name)
        if words is None:
            return True
        try:
            for value in values:
                if value is not None:
                    words.setdefault(value, len(words))
        except TypeError:  # a list or a dictionary, which has no hash
            return False
        return len(words) <= MOST_WORDS


def _comes_back(values: list[Any], kind: DataType) -> bool:
    import pyarrow as pa

    # Whatever pyarrow and the parsers raise, the value isn't of the type. Compared as bytes, as in Python 1
    # == 1.0 and True == 1.
    try:
        back = values_of(array_of(values, kind))
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError, LookupError, AttributeError):
        return False
    return orjson.dumps(back) == orjson.dumps(values)
