"""Where the sentences of a text are."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

# A mark with what closes a quotation, and space after it; marks of Chinese and Japanese need none. Or a blank
# line. Bounded, so that a long run of any of these costs no more than its length.
_END = re.compile(
    r"[.!?…]{1,9}[\"'”’)\]»]{0,3}(?=\s)|[。！？]{1,9}[」』”’）]{0,3}|\n(?=[ \t]{0,99}\n)"  # noqa: RUF001
)
_WORD = re.compile(r"([^\W\d_]+)\.$")
# Of English and German.
_ABBREVIATIONS = re.compile(
    r"al|approx|bzw|ca|cf|co|corp|dept|dr|ed|eds|eg|eq|etc|figs?|gen|hr|ie|inc|jr|ltd|mr|mrs|ms|nos?|nr|op|pp?"
    r"|prof|rep|rev|sen|sr|st|usw|vgl|viz|vol|vs",
    re.IGNORECASE,
)


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield where each sentence begins and ends, without the space around it.

    No sentence ends after an initial or a common abbreviation. What isn't in a sentence is space.
    """
    stop = len(text) if end is None else end
    begun = start
    for match in _END.finditer(text, start, stop):
        if _goes_on(text, begun, match.end()):
            continue
        yield from trimmed(text, begun, match.end())
        begun = match.end()
    yield from trimmed(text, begun, stop)


def trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield a span without the space around it, unless nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _goes_on(text: str, begun: int, end: int) -> bool:
    word = _WORD.search(text[max(begun, end - 16) : end])
    if word is None:
        return False
    return (len(word[1]) == 1 and word[1] != "I") or _ABBREVIATIONS.fullmatch(word[1]) is not None
