"""What is the same for equal values of rows."""

from __future__ import annotations

import json
from typing import Any


def key_of(value: Any) -> str:
    """Return a text that is the same for equal JSON values: 1 and 1.0 are equal, 1 and true aren't.

    Of two files with one column, one often has integers and the other floats: pandas writes a column of
    integers as floats as soon as a value is missing.
    """
    return json.dumps(_without_points(value), sort_keys=True)


def _without_points(value: Any) -> Any:
    if isinstance(value, float):
        # -0.0 becomes 0, too.
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_without_points(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_points(item) for name, item in value.items()}
    return value
