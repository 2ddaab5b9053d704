"""Refusals: answers in which a model says that it won't, or can't, do what it was asked."""

from __future__ import annotations

import re
from functools import lru_cache

from seedbed.reading.thinking import split_reasoning

_BEGINNING = 400
"""Characters in which a refusal shows itself; further on, it's quoted or told."""

_MARKUP = re.compile(r"^[\s#>*_`\"'“”\-]+")
_SPACES = re.compile(r"\s+")
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
    beginning = _MARKUP.sub("", _SPACES.sub(" ", answer.lower().translate(_APOSTROPHES)))[:_BEGINNING]
    begins, later = _patterns()
    return begins.match(beginning) is not None or later.search(beginning) is not None


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what refuses at the beginning, and in later sentences; compiled when it's first needed."""
    from seedbed.reading.refusal_phrases import ENGLISH, LATER, OTHERS

    return re.compile("|".join((*ENGLISH, *OTHERS))), re.compile(LATER)
