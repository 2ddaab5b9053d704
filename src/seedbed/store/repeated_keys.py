"""Finds keys that are in one JSON object twice: decoders keep the last value, and the others are lost.

A decoder doesn't tell, and one that does takes several times as long. But each text has two quotation marks,
so a value that was read whole has as many as its JSON; counting those takes a tenth of decoding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def has_all_quotes(encoded: bytes | str, value: Any) -> bool:
    """Whether a decoded value has as many quotation marks around its texts and keys as its JSON."""
    found = quotes_in(encoded) if isinstance(encoded, bytes) else _quotes_in_text(encoded)
    return found == _quotes_of(value)


def quotes_in(encoded: bytes) -> int:
    """Return how many quotation marks begin or end a text of valid JSON."""
    marks = encoded.count(b'"')
    if b"\\" in encoded:
        # Of an escaped backslash and what follows it, the second one escapes nothing.
        plain = encoded.replace(rb"\\", b"") if rb"\\" in encoded else encoded
        marks -= plain.count(rb"\"")
    return marks


def _quotes_in_text(encoded: str) -> int:
    marks = encoded.count('"')
    if "\\" in encoded:
        plain = encoded.replace(r"\\", "") if r"\\" in encoded else encoded
        marks -= plain.count(r"\"")
    return marks


def repeated_key(text: str) -> str | None:
    """Return the first key that an object in a JSON text has twice; None if there's none."""
    repeated: list[str] = []

    def seen(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.append(next(name for name in names if names.count(name) > 1))
        return made

    json.JSONDecoder(object_pairs_hook=seen).raw_decode(text)
    return repeated[0] if repeated else None


def said_of(key: str) -> str:
    """Return the note on a repeated key."""
    return f"the key {key!r} is there twice in one object, and only its last value is read"


def _quotes_of(value: Any) -> int:
    """Return how many quotation marks the JSON of a value has."""
    marks, left = 0, [value]
    while left:
        one = left.pop()
        if type(one) is str:
            marks += 2
        elif type(one) is dict:
            marks += 2 * len(one)
            left += one.values()
        elif type(one) is list:
            left += one
    return marks
