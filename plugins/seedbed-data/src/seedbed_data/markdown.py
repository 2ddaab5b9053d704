"""The sections of a Markdown text, and the blocks in them that are better not cut.

https://spec.commonmark.org/0.31.2/#leaf-blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from seedbed_data.sentences import Span

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r"\s*$| {0,3}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]|\|)| {4}|\t")
# Possessive, so that a line of a million spaces is read once.
_CELL = r"[ \t]*+:?-++:?[ \t]*+"
_TABLE_RULE = re.compile(rf"\|?{_CELL}(?:\|{_CELL})*+\|?$")


class Line(NamedTuple):
    """A line, without its end, and where it is."""

    text: str
    start: int
    end: int


Block: TypeAlias = tuple[Span, bool]
"""Where a part of a section is, and whether it's better not cut: code, a table or front matter."""


class Section(NamedTuple):
    """A part of a text up to the next heading: the headings above it with its own, and its blocks."""

    headings: tuple[str, ...]
    blocks: list[Block]


# Tuples, since there's one for each line: with named ones, the step `chunk` took 8 % longer.
_Heading: TypeAlias = tuple[int, str]
_NO_HEADING: _Heading = (0, "")
_Found: TypeAlias = tuple[int, _Heading, bool]
"""What begins at a line: the number of the line after it, its level and title, whether to keep it whole."""


def sections(text: str) -> Iterator[Section]:
    """Yield the sections of a text; a heading that only has deeper ones below it begins the first of them.

    [section.headings for section in sections("# Sea\\n## Tides\\nThey rise.\\n## Waves\\nThey break.")]
    # [("Sea", "Tides"), ("Sea", "Waves")]
    """
    path: dict[int, str] = {}
    made = Section((), [])
    only_headings = True
    for (level, title), span, is_whole in _found_in(text):
        if level:
            goes_on = only_headings and all(level > above for above in path)
            path = {above: name for above, name in path.items() if above < level} | {level: title}
            if made.blocks and not goes_on:
                yield made
                made = Section((), [])
            made = Section(tuple(path.values()), made.blocks)
            only_headings = True
            made.blocks.append((span, False))
        elif text[slice(*span)].isspace():
            continue
        elif made.blocks and not only_headings and not is_whole and not made.blocks[-1][1]:
            # Lines of one paragraph, which may begin a sentence each or not.
            (start, _), _ = made.blocks[-1]
            made.blocks[-1] = ((start, span[1]), False)
        else:
            only_headings = False
            made.blocks.append((span, is_whole))
    if made.blocks:
        yield made


def _found_in(text: str) -> Iterator[tuple[_Heading, Span, bool]]:
    """Yield headings, lines of paragraphs and blocks that are kept whole, each with where it is."""
    lines = [*_lines(text)]
    number = 0
    while number < len(lines):
        after, heading, is_whole = _found_at(lines, number)
        yield heading, (lines[number].start, lines[after - 1].end), is_whole
        number = after


def _found_at(lines: list[Line], number: int) -> _Found:
    line = lines[number].text
    if fence := _FENCE.match(line):
        return _after_fence(lines, number, fence[1]), _NO_HEADING, True
    if number == 0 and line.rstrip() == "---":
        return _after_front_matter(lines), _NO_HEADING, True
    if heading := _HEADING.match(line):
        return number + 1, (len(heading[1]), _title(line[heading.end() :].strip())), False
    following = lines[number + 1].text if number + 1 < len(lines) else ""
    if "|" in line and _TABLE_RULE.match(following.strip()):
        after = number + 2
        while after < len(lines) and "|" in lines[after].text:
            after += 1
        return after, _NO_HEADING, True
    if (rule := _UNDERLINE.match(following)) and not _NO_PARAGRAPH.match(line):
        return number + 2, (1 if rule[1][0] == "=" else 2, line.strip()), False
    return number + 1, _NO_HEADING, False


def _title(heading: str) -> str:
    """Return a heading without the number signs that may close it."""
    title = heading.rstrip("#")
    return title.rstrip() if not title or title[-1].isspace() else heading


def _after_front_matter(lines: list[Line]) -> int:
    """Return the number after front matter; without its end, the first line is a rule."""
    ends = (number for number in range(1, len(lines)) if lines[number].text.rstrip() in ("---", "..."))
    return next(ends, 0) + 1


def _after_fence(lines: list[Line], number: int, fence: str) -> int:
    """Return the number after the line that closes a fence; without one, the rest of the text is code."""
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    for after in range(number + 1, len(lines)):
        if closing.match(lines[after].text):
            return after + 1
    return len(lines)


def _lines(text: str) -> Iterator[Line]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield Line(line.rstrip("\r\n"), start, start + len(line))
        start += len(line)
