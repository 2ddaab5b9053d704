"""Code fences in an answer."""

from __future__ import annotations

import re
from typing import NamedTuple

from seedbed.reading.thinking import split_reasoning

_LINE = re.compile(r"^[ \t]*(?:>[ \t]?)?(`{3,}|~{3,})[ \t]*([^\s`{]*)([^\n`]*)$", re.MULTILINE)


class Fence(NamedTuple):
    """The content of a code fence, with its language in lower case (empty without one).

    `is_closed` is false if the text ends before the fence does. `start` and `end` are the offsets of the
    content.
    """

    language: str
    text: str
    is_closed: bool
    start: int
    end: int


def read_fences(text: str, language: str | None = None) -> list[Fence]:
    r"""Return the code fences of an answer, in order; with `language`, those of that language alone.

        read_fences("So:\n```sql\nselect 1\n```", "sql")[0].text    # "select 1"

    Fences in reasoning are left out. A fence in a longer fence is part of its content.
    """
    fences = fences_of(split_reasoning(text).answer)
    return fences if language is None else [one for one in fences if one.language == language.lower()]


def fences_of(text: str) -> list[Fence]:
    """Return the code fences of a text without reasoning."""
    fences: list[Fence] = []
    opening: re.Match[str] | None = None
    for line in _LINE.finditer(text):
        if opening is None:
            opening = line
        elif _closes(line, opening):
            fences.append(_fence(text, opening, line.start()))
            opening = None
    if opening is not None:
        fences.append(_fence(text, opening, None))
    return fences


def _closes(line: re.Match[str], opening: re.Match[str]) -> bool:
    return line[1].startswith(opening[1]) and not (line[2] + line[3]).strip()


def _fence(text: str, opening: re.Match[str], end: int | None) -> Fence:
    start = min(opening.end() + 1, len(text))
    until = len(text) if end is None else max(start, end - 1)
    return Fence(opening[2].lower(), text[start:until], end is not None, start, until)
