"""The sections of a Markdown text, and the blocks in them that are better not cut.

https://spec.commonmark.org/0.31.2/#leaf-blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

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


class Section(NamedTuple):
    """A part of a text up to the next heading: the headings above it with its own, and its blocks.

    A block is where it is, and whether it's code or a table.
    """

    headings: tuple[str, ...]
    blocks: list[tuple[Span, bool]]


def sections(text: str) -> Iterator[Section]:
    """Yield the sections of a text; a heading that only has deeper ones below it begins the first of them."""
    path: dict[int, str] = {}
    made = Section((), [])
    only_headings = True
    for level, title, span, is_whole in _blocks(text):
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
            made.blocks[-1] = ((made.blocks[-1][0][0], span[1]), False)
        else:
            only_headings = False
            made.blocks.append((span, is_whole))
    if made.blocks:
        yield made


def _blocks(text: str) -> Iterator[tuple[int, str, Span, bool]]:
    """Yield headings, with level and title, and other blocks with a level of 0."""
    lines = [*_lines(text)]
    number = 0
    while number < len(lines):
        line = lines[number]
        after, found = _block(lines, number)
        yield *found[:2], (line.start, lines[after - 1].end), found[2]
        number = after


def _block(lines: list[Line], number: int) -> tuple[int, tuple[int, str, bool]]:
    """Return the number after a block's last line; level and title of a heading; whether to keep it whole."""
    line = lines[number].text
    if fence := _FENCE.match(line):
        return _after_fence(lines, number, fence[1]), (0, "", True)
    if number == 0 and line.rstrip() == "---":
        return _after_front_matter(lines), (0, "", True)
    if heading := _HEADING.match(line):
        return number + 1, (len(heading[1]), _title(line[heading.end() :].strip()), False)
    following = lines[number + 1].text if number + 1 < len(lines) else ""
    if "|" in line and _TABLE_RULE.match(following.strip()):
        after = number + 2
        while after < len(lines) and "|" in lines[after].text:
            after += 1
        return after, (0, "", True)
    if (rule := _UNDERLINE.match(following)) and not _NO_PARAGRAPH.match(line):
        return number + 2, (1 if rule[1][0] == "=" else 2, line.strip(), False)
    return number + 1, (0, "", False)


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
