"""Whether a backend's key may be in a pickle: only while one is made that leaves this process sealed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_may_hold_keys: ContextVar[bool] = ContextVar("may_hold_keys", default=False)


@contextmanager
def keys_in_pickles() -> Iterator[None]:
    """Let backends with keys be pickled while the block goes on: what it's for must never reach a disk."""
    token = _may_hold_keys.set(True)
    try:
        yield
    finally:
        _may_hold_keys.reset(token)


def may_hold_keys() -> bool:
    """Whether a pickle that is made now may hold keys."""
    return _may_hold_keys.get()
