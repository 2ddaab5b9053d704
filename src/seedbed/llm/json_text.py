"""JSON of what a user or an author sets, whatever the size of its integers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson


def json_text(value: Any, *, default: Callable[[Any], Any] | None = None, option: int = 0) -> bytes:
    """Return a value as JSON; `default` and `option` are those of `orjson.dumps`.

    JSON has integers of any size, and orjson refuses those of more than 64 bits: they go the slow way.
    Raises TypeError for what is no JSON value.
    """
    try:
        return orjson.dumps(value, default=default, option=option)
    except TypeError:
        if not _holds_large_integer(value):
            raise
        sort = bool(option & orjson.OPT_SORT_KEYS)
        text = json.dumps(value, default=default, sort_keys=sort, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def _holds_large_integer(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_large_integer(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_large_integer(item) for item in value)
    return isinstance(value, int) and not -(2**63) <= value < 2**64
