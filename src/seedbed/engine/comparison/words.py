"""The words that differ between two texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

_WORD = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")

_MOST = 1_000_000
"""Pairs of words that are compared: the time grows with their number, and this many take half a second."""

_FEWEST = 0.4
"""Share of the words that two texts must have in common, to be shown as one text that has changed."""


class Piece(NamedTuple):
    """A part of two texts: in both (`=`), only in the first (`-`), or only in the second (`+`)."""

    kind: Literal["=", "-", "+"]
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """Return the pieces that turn one text into another; of very long ones only the ends are matched.

    word_diff("a red boat", "a blue boat")  # "= a", "-  red", "+  blue", "=  boat"
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    middle = _middle(old[start : len(old) - end], new[start : len(new) - end])
    pieces = [Piece("=", "".join(old[:start])), *middle, Piece("=", "".join(old[len(old) - end :]))]
    return [piece for piece in pieces if piece.text]


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many words two texts begin with alike."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if len(old) * len(new) > _MOST:
        yield Piece("-", "".join(old))
        yield Piece("+", "".join(new))
        return
    matcher = SequenceMatcher(None, old, new)
    alike = sum(block.size for block in matcher.get_matching_blocks())
    if alike < _FEWEST * max(len(old), len(new)):
        # Other texts: the words that they share by chance would only make both unreadable.
        yield Piece("-", "".join(old))
        yield Piece("+", "".join(new))
        return
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("=", "".join(old[a:b]))
        else:
            yield Piece("-", "".join(old[a:b]))
            yield Piece("+", "".join(new[c:d]))
