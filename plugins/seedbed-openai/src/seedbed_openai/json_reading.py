"""Reading JSON that a server sent: a value that doesn't have the promised type counts as missing."""

from __future__ import annotations

import re
from typing import Any

_MOST = 2**53
"""More tokens than any answer has: a larger number is a mistake of the server, and doesn't count."""
_WHOLE = re.compile(r"[0-9]{1,15}(\.0+)?")


def mapping(value: Any) -> dict[str, Any]:
    """Return the value if it's a JSON object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a JSON array; other values have none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Return the value if it's text and not empty, otherwise None."""
    return value if isinstance(value, str) and value else None


def count(value: Any) -> int:
    """Return the value if it's a whole number of 0 or more, also as a float or as text; otherwise 0."""
    if type(value) is int:
        return value if 0 <= value < _MOST else 0
    # Most servers leave most counts out.
    if value is None:
        return 0
    return int(float(value)) if _WHOLE.fullmatch(str(value)) else 0
