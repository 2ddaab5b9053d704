"""JSON as other programs write it: with NaN for a missing number, and with escaped half surrogate pairs.

Python's own `json.dumps` writes both. NaN is read as null, and half a surrogate pair as U+FFFD, so that the
rows are valid JSON and no row is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isinf
from typing import Any

from seedbed.llm.answer_json import without_halves
from seedbed.store.repeated_keys import has_all_quotes, repeated_key, said_of

_HALF = re.compile("[\ud800-\udfff]")


class LenientDecoder:
    """Decodes JSON; `note` gets a sentence for each value that was replaced."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._decoder = json.JSONDecoder(parse_constant=self._constant, parse_float=self._float)
        self._constants: list[str] = []

    def decoded_at(self, text: str, position: int) -> tuple[Any, int]:
        """Return the value that begins at `position`, and the position after it; raise ValueError."""
        self._constants.clear()
        value, end = self._decoder.raw_decode(text, position)
        read = text[position:end]
        if not has_all_quotes(read, value) and (key := repeated_key(read)):
            self._note(said_of(key))
        for name in self._constants[:1]:
            self._note(f"{name}, which no row can hold, is read as null")
        # Looking through every value takes long, and most have no halves. One search of the text tells: a
        # half is there as itself or as an escape.
        if "\\u" in read or _HALF.search(text, position, end):
            value = without_halves(value, lambda: self._note("half of a surrogate pair is read as U+FFFD"))
        return value, end

    def _constant(self, name: str) -> None:
        self._constants.append(name)

    def _float(self, text: str) -> float | None:
        value = float(text)
        if not isinf(value):
            return value
        self._constants.append(f"{text:.40}")
        return None


def json_fault(error: ValueError | RecursionError) -> str:
    """Return what is wrong with a JSON text, for the message of an error."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]}, at character {error.pos + 1}"
    # The other ValueError is Python's limit on the digits of an int.
    return (
        "it's nested too deep"
        if isinstance(error, RecursionError)
        else "it holds a number of too many digits"
    )


def lenient_json(text: str, note: Callable[[str], None]) -> Any:
    """Return the value of a JSON text; raise ValueError or RecursionError if it isn't JSON."""
    start = len(text) - len(text.lstrip(" \t\r\n"))
    value, end = LenientDecoder(note).decoded_at(text, start)
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("Extra data", text, end)
    return value
