"""The answers that a row has in common with others, such as the syllabus that its question comes from.

A run keeps their calls under a key of the task's and not under a row, so that any row may be the first that
needs them. Which rows needed them isn't kept, but a key is made of what the rows have in common.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from seedbed.llm.calling.scope import SHARED
from seedbed.tasks.rows import Row


def parts_of_key(key: str) -> list[str]:
    """Return what a key is made of: the items of a JSON list, or the key itself."""
    try:
        parts = json.loads(key)
    except ValueError:
        return [key]
    return [str(part) for part in parts] if isinstance(parts, list) and parts else [key]


def shared_with(rows: Iterable[Row], ids: Iterable[str]) -> list[str]:
    """Return those of the ids of shared calls whose key names only values that the rows have.

    shared_with([{"field": "crafts", "subject": "bread"}], ['shared:["crafts", "bread"]', "shared:math"])
    """
    values = {text for row in rows for value in row.values() for text in _texts(value)}
    return [one for one in ids if values.issuperset(parts_of_key(one.removeprefix(SHARED)))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (str(item) for item in value if isinstance(item, str | int | float))
    elif isinstance(value, str | int | float):
        yield str(value)
