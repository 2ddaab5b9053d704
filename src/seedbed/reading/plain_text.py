"""A short value without the markup that models put around it."""

from __future__ import annotations

_PAIRS = (
    ("**", "**"),
    ("__", "__"),
    ("*", "*"),
    ("_", "_"),
    ("`", "`"),
    ('"', '"'),
    ("“", "”"),
    ("'", "'"),
    ("«", "»"),
    ("「", "」"),
)


def unwrapped(text: str) -> str:
    """Return a text without space, emphasis, code marks or quotes around all of it."""
    text = text.strip()
    while True:
        for opening, closing in _PAIRS:
            inner = text[len(opening) : len(text) - len(closing)]
            if (
                len(text) > len(opening) + len(closing)
                and text.startswith(opening)
                and text.endswith(closing)
                and opening not in inner
                and closing not in inner
            ):
                text = inner.strip()
                break
        else:
            return text
