"""JSON as other programs write it: with NaN for a missing number, and with half a surrogate pair, escaped.

Python's own `json.dumps` writes both. A number that JSON lacks is null, and U+FFFD takes the place of half
a character: what the rows hold is JSON then, and no row is lost for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from seedbed.llm.answer_json import without_halves

_HALF = re.compile("[\ud800-\udfff]")


class LenientDecoder:
    """Decodes JSON; `note` takes a sentence on what was mended."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._decoder = json.JSONDecoder(parse_constant=self._constant)
        self._constants: list[str] = []

    def decoded_at(self, text: str, position: int) -> tuple[Any, int]:
        """Return the value that begins at a place of a text, and the place after it; raise ValueError."""
        self._constants.clear()
        value, end = self._decoder.raw_decode(text, position)
        for name in self._constants[:1]:
            self._note(f"{name}, which JSON lacks, is read as null")
        # Most values are whole, and one search of their text tells: an escape, or the half itself.
        if "\\u" in text[position:end] or _HALF.search(text, position, end):
            value = without_halves(value, lambda: self._note("half of a surrogate pair is read as U+FFFD"))
        return value, end

    def _constant(self, name: str) -> None:
        self._constants.append(name)


def lenient_json(text: str, note: Callable[[str], None]) -> Any:
    """Return the value of a text of JSON; raise ValueError, or RecursionError, for what is none."""
    start = len(text) - len(text.lstrip(" \t\r\n"))
    value, end = LenientDecoder(note).decoded_at(text, start)
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("Extra data", text, end)
    return value
