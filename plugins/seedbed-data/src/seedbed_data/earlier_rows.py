"""Which earlier row a rejected one is like, in words."""

from __future__ import annotations

_SHOWN = 80
"""Characters that are shown of the earlier row's text."""


def like_row(name: str, text: str = "") -> str:
    """Return the line of a reason that names an earlier row by its id, with the beginning of its text.

    `name` is empty outside a run, where rows have no ids.
    """
    start = " ".join(text[: 2 * _SHOWN].split())
    if len(start) > _SHOWN or len(text) > 2 * _SHOWN:
        start = f"{start[:_SHOWN].rstrip()}..."
    return ": ".join(part for part in (f"like row {name}" if name else "like", start) if part)
