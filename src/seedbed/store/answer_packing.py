"""Raw answers of models as they are stored: JSON, or zlib where that is much shorter."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from typing import Any

from seedbed.store.run_values import Call

ZLIB = b"\x78"
"""The first byte of every zlib stream written here; no JSON text begins with it (it is the letter x)."""

WORTHWHILE = 1000
"""Bytes below which an answer stays as it is."""

BUDGET = 0.02
"""Seconds for one group of calls. zlib lets go of the GIL, and getting it back from a busy thread may
take 5 ms for each answer; the answers beyond the budget are stored as they are, so that none is late."""


def pack(answer: bytes) -> bytes:
    """Return the answer compressed, or as it is where that saves less than a tenth."""
    packed = zlib.compress(answer, 1)
    return packed if len(packed) < 0.9 * len(answer) else answer


def unpack(stored: bytes) -> bytes:
    """Return the JSON of a stored answer."""
    return zlib.decompress(stored) if stored[:1] == ZLIB else stored


def pack_calls(calls: Sequence[Call]) -> Sequence[tuple[Any, ...]]:
    """Return the calls as table rows, with long answers packed while the time for it lasts."""
    deadline = time.monotonic() + BUDGET
    return [
        (*call[:-1], pack(call.answer))
        if len(call.answer) >= WORTHWHILE and time.monotonic() < deadline
        else call
        for call in calls
    ]
