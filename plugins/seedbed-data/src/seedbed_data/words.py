"""Texts of rows, and the runs of words in them by which texts are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seedbed import InvalidRowError, Row

_WORD = re.compile(r"\w+")


def text_of(row: Row, columns: Sequence[str]) -> str:
    """Return the text of some columns; raises InvalidRowError for a column that isn't text."""
    for column in columns:
        if not isinstance(row[column], str):
            raise InvalidRowError(f"'{column}' is {type_name(row[column])}, not text")
    return "\n".join(row[column] for column in columns)


def type_name(value: object) -> str:
    """Return what people call the type of a value: str, list, None."""
    return "None" if value is None else type(value).__name__


def word_runs(text: str, length: int) -> Iterator[str]:
    """Return every run of `length` words, in lower case and without punctuation.

    A text with fewer words is one run. Where a language has no spaces, each character counts as a word.
    """
    words = _WORD.findall(text.lower())
    if len(words) * 20 < len(text):
        # Chinese, Japanese or Thai, say: what the pattern takes for a word is a whole sentence.
        words = [character for word in words for character in word]
    if len(words) <= length:
        return iter((" ".join(words),))
    # In C: slicing and joining each run in Python takes half as long again.
    return map(" ".join, zip(*(words[start:] for start in range(length)), strict=False))
