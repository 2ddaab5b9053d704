"""How models' raw answers are stored: as JSON, or compressed with zlib if that's much shorter."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from typing import Any

from seedbed.store.run_values import Call
from seedbed.store.stored_json import unreadable

ZLIB = b"\x78"
"""The first byte of every zlib stream written here. No JSON text begins with it: it's the letter x."""

_HEADER = b"\x78\x01"
"""The header of a stream with the largest window: whatever was written with a smaller one can be read too."""

# zlib clears 256 kB for each stream, a fourth of a core's cache, which other threads fill again. An answer of
# 4 kB needs a window of 4 kB and as many hashes: 32 kB in all.
_SMALLEST_WINDOW, _LARGEST_WINDOW = 12, 15
_MEMORY_BELOW_WINDOW = 7

# A short answer shrinks by little, and packing it costs a hand-over of the GIL.
WORTHWHILE = 1000
"""Bytes below which an answer isn't compressed."""

# zlib releases the GIL, and getting it back from a busy thread takes up to 5 ms for each answer. Without a
# budget a group of a hundred answers could be half a second late on disk.
BUDGET = 0.02
"""Seconds of compression for one group of calls; the rest of its answers aren't compressed."""


def pack(answer: bytes) -> bytes:
    """Return the answer compressed, or unchanged if that saves less than a tenth."""
    # Level 1, the fastest: level 6 makes prose 7 % smaller still.
    window = min(max(_SMALLEST_WINDOW, (len(answer) - 1).bit_length()), _LARGEST_WINDOW)
    stream = zlib.compressobj(1, zlib.DEFLATED, window, window - _MEMORY_BELOW_WINDOW)
    # The header says how large the window is, and `ZLIB` stands for the largest.
    packed = _HEADER + (stream.compress(answer) + stream.flush())[len(_HEADER) :]
    return packed if len(packed) < 0.9 * len(answer) else answer


def unpack(stored: bytes) -> bytes:
    """Return the JSON of a stored answer; raise StoreError if it can't be unpacked."""
    try:
        return zlib.decompress(stored) if stored[:1] == ZLIB else stored
    except zlib.error as error:
        raise unreadable("the answer to a call", error) from error


def pack_calls(calls: Sequence[Call]) -> Sequence[tuple[Any, ...]]:
    """Return the calls as table rows, with long answers compressed as long as the budget lasts."""
    deadline = time.monotonic() + BUDGET
    return [
        (*call[:-1], pack(call.answer))
        if len(call.answer) >= WORTHWHILE and time.monotonic() < deadline
        else call
        for call in calls
    ]
