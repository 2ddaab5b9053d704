"""Durations: in words, as every command and page says them, and as users write them (`20m`)."""

from __future__ import annotations

import re

_DAY = 86_400
_YEAR = 365 * _DAY
_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": _DAY}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


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


def seconds_in(text: str) -> float:
    """Return the seconds in a text such as `90`, `90s`, `20m`, `2h` or `1d`; raise ValueError for others.

    seconds_in("20m")  # 1200.0
    """
    match = _FORM.fullmatch(text.strip().lower())
    if match is None or match[2] not in _SECONDS:
        raise ValueError(f"{text!r} isn't a time: write 90s, 20m or 2h")
    return float(match[1]) * _SECONDS[match[2]]
