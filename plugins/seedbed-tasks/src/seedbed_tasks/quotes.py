"""Where a quote stands in a document, whatever its spaces and quotation marks."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

_DOUBLE = '"\u201c\u201d\u201e\u00ab\u00bb'
_SINGLE = "'\u2018\u2019\u201a`"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014"
_LIKE = str.maketrans({mark: kind[0] for kind in (_DOUBLE, _SINGLE, _DASHES) for mark in kind})
_WORD = re.compile(r"\S+")


class Span(NamedTuple):
    """A part of a document: `document[start:end]`."""

    start: int
    end: int


def find_quote(document: str, quote: str) -> Span | None:
    """Return where a quote first stands in a document, or None.

        find_quote("The lamp burned\\noil.", "“lamp burned oil”")    # Span(4, 19)

    Spaces and line breaks count as the same, and so do the kinds of quotation marks and dashes. Marks around
    the quote, and dots that say that it goes on, aren't part of it. Words in other case are found if
    none are in the same case.
    """
    plain: _Plain | None = None
    wanted = quote.strip().removeprefix("...").removeprefix("…").removesuffix("...").removesuffix("…")
    for one in dict.fromkeys(
        (quote.strip(), wanted.strip(), wanted.strip().strip(_DOUBLE + _SINGLE).strip())
    ):
        if (start := document.find(one)) >= 0 and one:
            return Span(start, start + len(one))
        if one:
            plain = plain or _Plain(document)
            if (found := plain.find(one)) is not None:
                return found
    return None


class _Plain:
    """A document with one space between words and one kind of each mark, and where its words stood."""

    # Not a regular expression: in a document that repeats itself it would compare each word with each other.

    def __init__(self, document: str) -> None:
        words = [*_WORD.finditer(document)]
        self._starts = [word.start() for word in words]
        self._text = " ".join(word[0] for word in words).translate(_LIKE)
        # Where each word begins in the text, which has as many characters for it as the document.
        self._places = [*accumulate((len(word[0]) + 1 for word in words), initial=0)][:-1]

    def find(self, quote: str) -> Span | None:
        """Return where in the document a quote first stands, in the same case if it does so anywhere."""
        wanted = " ".join(quote.split()).translate(_LIKE)
        start = self._text.find(wanted)
        if start < 0:
            wanted = _lower(wanted)
            start = _lower(self._text).find(wanted)
        return None if start < 0 else Span(self._of(start), self._of(start + len(wanted) - 1) + 1)

    def _of(self, place: int) -> int:
        """Return the place in the document of a character of the text that isn't a space."""
        word = bisect_right(self._places, place) - 1
        return self._starts[word] + place - self._places[word]


def _lower(text: str) -> str:
    """Return a text in lower case, with as many characters."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(_lower_one(mark) for mark in text)


def _lower_one(mark: str) -> str:
    """Return a character in lower case, unless it would become several."""
    lower = mark.lower()
    return lower if len(lower) == 1 else mark
