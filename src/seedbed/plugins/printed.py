"""What C libraries have printed, and have not written out yet."""

from __future__ import annotations

from contextlib import suppress


def flush_c() -> None:
    """Write out what C libraries printed, which they'd do at exit otherwise: to whatever is open by then."""
    import ctypes

    # Where there's no such library to ask (Windows), nothing can be done about it.
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).fflush(None)
