"""Times as users write them: `90s`, `20m`, `2h`."""

from __future__ import annotations

import re

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def seconds_in(text: str) -> float:
    """Return the seconds in a text such as `90`, `90s`, `20m`, `2h` or `1d`; raise ValueError for others.

    seconds_in("20m")  # 1200.0
    """
    match = _FORM.fullmatch(text.strip().lower())
    if match is None or match[2] not in _SECONDS:
        raise ValueError(f"{text!r} isn't a time: write 90s, 20m or 2h")
    return float(match[1]) * _SECONDS[match[2]]
