"""Durations in words, as every command and page says them."""

from __future__ import annotations

_DAY = 86_400
_YEAR = 365 * _DAY


def duration(seconds: float) -> str:
    """Return a duration, to two digits or so: '4.2 s', '3 min 20 s', '2 h 5 min', '9 days', '7,310 years'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min{f' {whole % 60} s' if whole % 60 else ''}"
    if whole < 4 * _DAY:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // _DAY:,} days" if whole < 2 * _YEAR else f"{whole // _YEAR:,} years"
