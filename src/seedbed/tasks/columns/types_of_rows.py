"""The columns of rows, each with the type of its values, as far as a few rows tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

from seedbed.tasks.rows import Row

_MOST = 100
_PLAIN = (str, int, float, bool, type(None))


def types_of_rows(rows: Iterable[Row]) -> Mapping[str, Any] | None:
    """Return the columns of rows, each with the type of its values, or None if that isn't certain.

        types_of_rows([{"n": 1, "text": "a"}, {"n": None, "text": "b"}])  # {"n": int | None, "text": str}

    The first hundred rows are looked at: if there are more, no type is certain. None if there are no rows, or
    if rows differ in their columns, so that later ones may have others.
    """
    first = list(islice(rows, _MOST + 1))
    beginning = first[:_MOST]
    names = list(dict.fromkeys(name for row in beginning for name in row))
    if not names:
        return None
    if len(first) <= _MOST:
        return {name: type_of_values([row[name] for row in first if name in row]) for name in names}
    return dict.fromkeys(names) if all(len(row) == len(names) for row in beginning) else None


def type_of_values(values: Sequence[Any]) -> Any:
    """Return the type of plain values, a union if they differ; None if there are none, or other ones."""
    kinds = {type(value) for value in values}
    return reduce(or_, kinds) if kinds and kinds <= {*_PLAIN} else None
