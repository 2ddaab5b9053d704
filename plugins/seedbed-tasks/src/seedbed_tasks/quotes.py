"""Where a quote stands in a document, whatever its spaces and quotation marks."""

from __future__ import annotations

import re
from typing import NamedTuple

_DOUBLE = '"\u201c\u201d\u201e\u00ab\u00bb'
_SINGLE = "'\u2018\u2019\u201a`"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014"
_LIKE = {mark: f"[{kind}]" for kind in (_DOUBLE, _SINGLE, _DASHES) for mark in kind}
_LONGEST = 10_000


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
    wanted = quote.strip().removeprefix("...").removeprefix("…").removesuffix("...").removesuffix("…")
    for one in dict.fromkeys(
        (quote.strip(), wanted.strip(), wanted.strip().strip(_DOUBLE + _SINGLE).strip())
    ):
        if (start := document.find(one)) >= 0 and one:
            return Span(start, start + len(one))
        words = one.split()
        if not words or len(one) > _LONGEST:
            continue
        pattern = r"\s+".join("".join(_LIKE.get(mark, re.escape(mark)) for mark in word) for word in words)
        found = re.search(pattern, document) or re.search(pattern, document, re.IGNORECASE)
        if found:
            return Span(*found.span())
    return None
