"""JSON of what a user or an author sets, with integers of any size."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson


def json_text(value: Any, *, default: Callable[[Any], Any] | None = None, option: int = 0) -> bytes:
    """Return a value as JSON; `default` and `option` are those of `orjson.dumps`.

    JSON has integers of any size, but orjson refuses those of more than 64 bits: these use the slow encoder.
    A seed of that size used to end a run as a bug of ours. Raises TypeError for anything that isn't a JSON
    value.
    """
    try:
        return orjson.dumps(value, default=default, option=option)
    except TypeError:
        if not _holds_large_integer(value):
            raise
        sort = bool(option & orjson.OPT_SORT_KEYS)
        text = json.dumps(value, default=default, sort_keys=sort, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def compact(encoded: bytes) -> bytes:
    """Return JSON that orjson made, in a copy that takes no more memory than its length.

        kept = compact(orjson.dumps(row))

    For whatever is kept for a while. orjson's own bytes hold a buffer for the longest text that it might have
    become: 32 kB for an answer of 2 kB, 4 kB for a row of a hundred bytes.
    """
    # Such buffers took half of a run's page faults, and 7 MB with 256 answers of 2 kB in flight.
    return bytes(memoryview(encoded))


def _holds_large_integer(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_large_integer(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_large_integer(item) for item in value)
    return isinstance(value, int) and not -(2**63) <= value < 2**64
