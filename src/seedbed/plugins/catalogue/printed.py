"""Flushes what C libraries have printed but not written yet."""

from __future__ import annotations

from contextlib import suppress


def flush_c() -> None:
    """Flush C's standard streams, which would otherwise happen at exit, to whatever is open by then."""
    import ctypes

    # On Windows there's no such library to call.
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).fflush(None)
