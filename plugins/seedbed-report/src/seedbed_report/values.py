"""What a value of a row is to a report: a text, a category, a number or something else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from seedbed import visible

_MOST_KEYS = 20
"""Keys of an object that are columns of their own; one with more is a value."""
_LARGEST = 1e150
"""Squares of larger numbers, which a deviation is computed from, are more than a float holds."""
_KEPT = "\n\t"
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def columns_of(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the columns of a row; a small object, such as a judge's score and reason, is one for each key.

    dict(columns_of({"text": "...", "judge": {"score": 4}}))    # {"text": "...", "judge.score": 4}
    """
    for name, value in row.items():
        if isinstance(value, dict) and 0 < len(value) <= _MOST_KEYS:
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def text_of(value: Any) -> str | None:
    """Return the text of a value: of a string, of a list of strings, or of the messages of a chat."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        parts = [_message_text(part) for part in value]
        if all(part is not None for part in parts):
            return "\n".join(part for part in parts if part is not None)
    return None


def _message_text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    content = part.get("content") if isinstance(part, dict) and "role" in part else None
    return content if isinstance(content, str) else None


def number_of(value: Any) -> float | None:
    """Return a number as a float; None for anything else, for NaN, and from 1e150 on."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < _LARGEST else None


def shown(text: str, longest: int | None = None) -> str:
    """Return a text cut to `longest` characters, with the characters that can't be seen as escapes.

    They can't do harm in a page, but directional marks would show what stands after them in another order.
    """
    cut = text if longest is None or len(text) <= longest else f"{text[:longest]} …"
    return visible(cut if cut.isprintable() else "".join(map(_visible, cut)))


def _visible(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _UNSEEN:
        return character
    return f"\\u{ord(character):04x}"
