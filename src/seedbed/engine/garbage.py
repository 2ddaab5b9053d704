"""Garbage collection while rows are in flight."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Above what 256 answers that arrive together add and take away: with 10,000, searches took 5 us of each row.
_ALLOCATIONS = 50_000


@contextmanager
def rare_collections() -> Iterator[None]:
    """Make Python look for unreachable cycles less often, unless the process has changed that already.

    A thousand rows in flight survive many searches, which find nothing and took a fifth of a row's processor
    time. Nothing of a row is part of a cycle of ours; those of authors and libraries may wait for a while.
    """
    former = gc.get_threshold()
    # Zero means that collection is off; a larger number is someone's own choice.
    if not 0 < former[0] < _ALLOCATIONS:
        yield
        return
    gc.set_threshold(_ALLOCATIONS, *former[1:])
    try:
        yield
    finally:
        gc.set_threshold(*former)
