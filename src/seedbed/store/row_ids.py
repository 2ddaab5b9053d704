"""The ids of rows that were made from others: a step that makes several rows of `7` makes `7/0`, `7/1`, ...

A step that makes a single row of another leaves the id as it is.
"""

from __future__ import annotations

from itertools import accumulate


def ids_upstream(row: str) -> list[str]:
    """Return the ids that a row had upstream, the first one first: `7`, `7/1` and `7/1/0` for `7/1/0`."""
    return list(accumulate(row.split("/"), "{}/{}".format))


def is_made_from(row: str, other: str) -> bool:
    """Whether a row has the id of another one, or one made from it: `7/1` and `7`, not `70` and `7`."""
    return f"{row}/".startswith(f"{other}/")
