"""What has changed between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

Piece: TypeAlias = tuple[Literal["=", "-", "+"], str]

_MOST = 4_000
"""Words that are compared: the time grows with their square."""

_WORD = re.compile(r"\s+|\w+|[^\w\s]")


def word_diff(before: str, after: str) -> Iterator[Piece]:
    """Yield the pieces of both texts: the same in both, only before, or only after.

    list(word_diff("a red fox", "a blue fox"))  # [("=", "a "), ("-", "red"), ("+", "blue"), ("=", " fox")]

    Texts of more than some thousand words are shown as replaced as a whole.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) > _MOST or len(new) > _MOST:
        yield from (("-", before[:20_000]), ("+", after[:20_000]))
        return
    for tag, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "=", "".join(new[first:last])
            continue
        if end > start:
            yield "-", "".join(old[start:end])
        if last > first:
            yield "+", "".join(new[first:last])
