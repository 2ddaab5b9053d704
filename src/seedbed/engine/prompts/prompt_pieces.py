"""A prompt in pieces: the values of its row, and the text between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from seedbed.llm.calling.prompt_texts import RowText

SHORTEST = 64
"""Characters below which a text is kept where it is: a reference to it is nearly as long."""

FEW_PLACES = 2
"""Places of a short value at which a prompt is always cut."""
# A value such as "a" is in the middle of many words: cutting the template there would leave nothing to share.


class CutMessage(NamedTuple):
    """A message whose text is cut into values of the row and what is between them.

    `pieces` is None if it isn't cut: `rest` is then all that is kept of it.
    """

    rest: Mapping[str, Any]
    pieces: list[str | RowText] | None = None


def pieces_of(content: str, texts: Iterable[RowText], most: int) -> list[str | RowText]:
    """Return a prompt in pieces: the values of the row, and what is between them.

    A short value is one of them if it's in at most `most` places, a single character in at most two.
    """
    pieces: list[str | RowText] = [content]
    for value in texts:
        # An empty text is everywhere, and nothing can be split at it.
        if not value.text:
            continue
        cut, places = _split(pieces, value, most)
        if not places:
            continue
        if len(pieces) > 1:
            # Those inside of longer values count, too.
            places = content.count(value.text)
        if places <= FEW_PLACES or not _is_short(value.text, places, most):
            pieces = cut
    return pieces


def _is_short(text: str, places: int, most: int) -> bool:
    return len(text) < SHORTEST and (places > most or len(text) < 2)


# Every call pays for this: a search of 4 kB takes 4 us, so there's one for each value, and the pieces are put
# together by slices.
def _split(pieces: Iterable[str | RowText], value: RowText, most: int) -> tuple[list[str | RowText], int]:
    """Return the pieces with the value apart, and in how many places it is, if that's not too many."""
    # A document has a single digit in thousands of places.
    limit = most + 1 if len(value.text) < SHORTEST else -1
    parts: list[str | RowText] = []
    places = 0
    for piece in pieces:
        if isinstance(piece, RowText):
            parts.append(piece)
            continue
        texts = piece.split(value.text, limit)
        places += len(texts) - 1
        with_values: list[str | RowText] = [value] * (2 * len(texts) - 1)
        with_values[::2] = texts
        # Without the empty texts between two values, and at both ends.
        parts += filter(None, with_values)
    return parts, places


def kept_value(value: RowText) -> str | dict[str, Any]:
    """Return what is kept of a value: of a long one that is in a row of the run, a reference to it."""
    if len(value.text) < SHORTEST or not value.is_kept:
        return value.text
    return {"row": text_digest(value.text), "length": len(value.text)}


def text_digest(text: str) -> str:
    """Return the digest by which a kept prompt refers to a text, in hex."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
