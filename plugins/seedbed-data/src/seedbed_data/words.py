"""Texts of rows, and the runs of words in them by which texts are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from seedbed import InvalidRowError, Row

# A sign of arithmetic after a number is a word: "12 + 7" isn't "12 - 7", nor is C++ C#.
_SIGN = r"[-+*/^<>=](?:(?<=\d.)|(?<=\d .))"
_WORD = re.compile(rf"\w+(?:\+\+|#(?!\w))?|{_SIGN}")
_SIGNS = "-+*/^<>=#"
_SIGN_IN_WORD = re.compile(r"[0-9] ?[-+*/^<>=]|\+\+|#")
_ASCII = [*map(chr, range(128))]
_SPACES = bytes(ord(one.lower()) if re.match(r"\w", one) else 32 for one in _ASCII) + bytes(128)
_TYPOGRAPHIC = "\u2018\u2019\u201c\u201d\u2013\u2014\u2022"
# Chinese, Japanese, Thai, Lao, Burmese and Khmer have no spaces between words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# `\w` has no marks, but they are parts of words: of Hebrew, Arabic, the scripts of India and those above, and
# the accents that NFKC doesn't join with their letter.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
    r"\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)
_ANY_WORD = re.compile(rf"[\w{_MARKS}]+(?:\+\+|#(?!\w))?|{_SIGN}")


def text_of(row: Row, columns: Sequence[str]) -> str:
    """Return the text of some columns; raises InvalidRowError for a column that isn't text."""
    texts = [row[column] for column in columns]
    if {*map(type, texts)} != {str}:
        for column, text in zip(columns, texts, strict=True):
            if not isinstance(text, str):
                raise InvalidRowError(f"'{column}' is {type_name(text)}, not text")
    return "\n".join(texts)


def type_name(value: object) -> str:
    """Return what people call the type of a value: str, list, None."""
    return "None" if value is None else type(value).__name__


def count_words(text: str) -> int:
    """Return how many words a text has; in a language without spaces, each character counts as one."""
    return len((text if text.isascii() else _UNSPACED.sub(" x ", text)).split())


def word_runs(text: str, length: int) -> Iterator[str]:
    """Return every run of `length` words, in lower case and without punctuation.

    A text with fewer words is one run, and so is one without any. Where a language has no spaces, each
    character counts as a word. How Unicode composes a character makes no difference.
    """
    words = _words(text)
    if len(words) * 20 < len(text):
        # A hash or encoded bytes, say: what the pattern takes for a word is all of them.
        words = [character for word in words for character in word]
    if not words:
        # Only signs or emoji: all such texts would be equal.
        return iter((" ".join(text.split()),))
    if len(words) <= length:
        return iter((" ".join(words),))
    # In C: slicing and joining each run in Python takes half as long again.
    return map(" ".join, zip(*[words[start:] for start in range(length)], strict=False))


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        # Quotes and dashes are in most English text, and often all that isn't ASCII in it.
        plain = text
        for sign in _TYPOGRAPHIC:
            plain = plain.replace(sign, "'")
        if not plain.isascii():
            return _ANY_WORD.findall(_UNSPACED.sub(r" \g<0> ", text))
        text = plain
    if any(map(text.__contains__, _SIGNS)) and _SIGN_IN_WORD.search(text):
        return _WORD.findall(text.lower())
    # Words are then what is between all other characters, which takes a third of the time.
    return text.encode().translate(_SPACES).decode().split()
