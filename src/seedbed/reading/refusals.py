"""Refusals: answers in which a model says that it won't, or can't, do what it was asked."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from seedbed.reading.thinking import split_reasoning

if TYPE_CHECKING:
    from seedbed.reading.refusal_phrases import Manner

_BEGINNING = 400
"""Characters in which a refusal shows itself; further on, it's quoted or told."""

_MARKUP = re.compile(r"^[\s#>*_`\"'“”\-]+")
_APOSTROPHES = str.maketrans("\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}", "''", "*")


def is_refusal(text: str) -> bool:
    """Whether an answer is a refusal: it begins by saying that it won't, or can't, do what was asked.

        is_refusal("I'm sorry, but I can't help with that.")     # True
        is_refusal("I'm sorry to hear that. First, sit down.")   # False

    Knows the manners of the common models in English, German, French, Spanish, Portuguese, Italian, Chinese
    and Japanese. Reasoning isn't looked at, and an answer that begins as JSON or with a tag isn't one. It's a
    rule of thumb: a message that declines an invitation may be taken for a refusal. So a task that wants text
    gets refusals like any text; `quality-heuristics` filters them.
    """
    answer = split_reasoning(text).answer.lstrip()[: _BEGINNING + 50]
    if answer[:1] in ("", "{", "[", "<"):
        return False
    beginning = _MARKUP.sub("", _spaced(answer.lower().translate(_APOSTROPHES)))[:_BEGINNING]
    # `map`: a comprehension takes twice the time, and many rows are looked at.
    return any(
        any(map(beginning.__contains__, manner.signs)) and _refuses(manner, beginning)
        for manner in _manners()
    )


def _spaced(text: str) -> str:
    """Return a text with one space in place of each run of spaces and ends of lines."""
    # Not by a regular expression: many answers are looked at, and that took half of the time.
    return " ".join(text.split()) + " " * text[-1:].isspace()


@cache
def _manners() -> tuple[Manner, ...]:
    # Imported when it's first needed: a run without a model doesn't.
    from seedbed.reading.refusal_phrases import MANNERS

    return MANNERS


def _refuses(manner: Manner, text: str) -> bool:
    begins, later = _compiled(manner)
    return begins.match(text) is not None or (later is not None and later.search(text) is not None)


@cache
def _compiled(manner: Manner) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """Return the expressions of a language; compiled when they're first needed, which takes 10 ms."""
    return re.compile("|".join(manner.begins)), None if manner.later is None else re.compile(manner.later)
