"""XML-like tags in an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from seedbed.errors import InvalidOutputError, UsageError
from seedbed.reading.malformed import malformed
from seedbed.reading.thinking import split_reasoning

_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>/]+))""")
_NAME = re.compile(r"[^\W\d][\w:.-]*")
_DEEPEST = 32
"""Tags in each other; the content of each is a copy."""
_CDATA = re.compile(r"\A<!\[CDATA\[(.*)\]\]>\Z", re.DOTALL)


class Tag(NamedTuple):
    """A tag: its name as asked for, its content, and its attributes.

    `is_closed` is false if its closing tag is missing; its content then ends at the next tag asked for,
    or at the end of the answer.
    """

    name: str
    text: str
    attributes: Mapping[str, str]
    is_closed: bool


def read_tags(text: str, *names: str, may_end_open: bool = False) -> dict[str, str]:
    """Return the content of each of these tags.

        read_tags("<task>Sum it.</task> <answer>4</answer>", "task", "answer")    # {"task": "Sum it.", ...}

    Raises InvalidOutputError for a tag that is missing, isn't closed, or occurs twice with different
    contents. With `may_end_open`, a tag may be closed by the end of the answer: a stop sequence of
    `</answer>` ends it so.
    """
    tags = find_tags(text, *names)
    contents = {name: [tag for tag in tags if tag.name == name] for name in names}
    return {name: _only(text, name, found, may_end_open) for name, found in contents.items()}


def find_tags(text: str, *names: str) -> list[Tag]:
    """Return all tags with these names, in the order in which they begin; there may be none.

    Upper and lower case are the same. Tags may be in each other, or in tags of the same name. Reasoning isn't
    looked at, except for a name such as `reasoning` among `names`. Raises InvalidOutputError if more than 32
    tags are in each other.
    """
    pattern, as_asked = _pattern(names)
    answer = split_reasoning(text, keep=tuple(as_asked)).answer
    reader = _Reader(answer, as_asked)
    for found in pattern.finditer(answer):
        reader.take(found)
    return reader.tags()


class _Reader:
    """Reads the tags of one answer, in one pass."""

    def __init__(self, answer: str, as_asked: Mapping[str, str]) -> None:
        self._answer = answer
        self._as_asked = as_asked
        self._made: list[tuple[int, Tag]] = []
        self._open: list[re.Match[str]] = []
        # Where the content of each open tag ends if it's never closed: at the next tag.
        self._next: dict[int, int] = {}
        self._counts = dict.fromkeys(as_asked, 0)

    def take(self, found: re.Match[str]) -> None:
        name = found["name"].lower()
        if self._open:
            self._next.setdefault(self._open[-1].start(), found.start())
        if found["close"]:
            if self._counts[name]:
                while (opening := self._open.pop())["name"].lower() != name:
                    self._leave_open(opening)
                self._close(opening, found.start(), is_closed=True)
        elif found["empty"]:
            self._counts[name] += 1
            self._close(found, found.end(), is_closed=True)
        elif len(self._open) == _DEEPEST:
            raise InvalidOutputError(f"more than {_DEEPEST} tags are open at '{found[0]}'", text=self._answer)
        else:
            self._counts[name] += 1
            self._open.append(found)

    def tags(self) -> list[Tag]:
        while self._open:
            self._leave_open(self._open.pop())
        return [tag for _, tag in sorted(self._made, key=lambda pair: pair[0])]

    def _leave_open(self, opening: re.Match[str]) -> None:
        self._close(opening, self._next.get(opening.start(), len(self._answer)), is_closed=False)

    def _close(self, opening: re.Match[str], end: int, *, is_closed: bool) -> None:
        name = opening["name"].lower()
        self._counts[name] -= 1
        content = _CDATA.sub(r"\1", self._answer[opening.end() : end].strip()).strip()
        self._made.append(
            (opening.start(), Tag(self._as_asked[name], content, _attributes(opening), is_closed))
        )


def _only(text: str, name: str, found: list[Tag], may_end_open: bool) -> str:
    if not found:
        raise malformed(f"the answer has no <{name}>", text)
    if len({tag.text for tag in found}) > 1:
        raise InvalidOutputError(
            f"the answer has {len(found)} <{name}>, and they differ: give one", text=text
        )
    if not (found[0].is_closed or may_end_open):
        raise InvalidOutputError(f"<{name}> isn't closed: the answer may be cut off", text=text)
    return found[0].text


def _attributes(opening: re.Match[str]) -> dict[str, str]:
    found = _ATTRIBUTE.findall(opening["attributes"] or "")
    return {key: double or single or bare for key, double, single, bare in found}


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return the pattern of tags with these names, and the names as asked for by those in lower case."""
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} isn't the name of a tag", "give its name alone: 'answer' for <answer>"
            )
    if not names:
        raise UsageError("no name of a tag is given", "read_tags(text, 'answer')")
    alternatives = "|".join(map(re.escape, names))
    pattern = rf"<\s?(?P<close>/?)\s?(?P<name>{alternatives})(?P<attributes>\s[^<>]{{0,500}}?)?(?P<empty>/?)>"
    return re.compile(pattern, re.IGNORECASE), {name.lower(): name for name in names}
