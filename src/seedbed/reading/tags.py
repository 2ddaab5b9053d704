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
_CDATA = re.compile(r"\A<!\[CDATA\[(.*)\]\]>\Z", re.DOTALL)


class Tag(NamedTuple):
    """A tag: its name as asked for, its content, and its attributes.

    `is_closed` is false if its closing tag is missing; its content then ends where the tag around it does, or
    where the answer ends.
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
    looked at, except for a name such as `reasoning` among `names`.
    """
    pattern, as_asked = _pattern(names)
    answer = split_reasoning(text, keep=tuple(as_asked)).answer
    made: list[tuple[int, Tag]] = []
    open_tags: list[re.Match[str]] = []
    counts = dict.fromkeys(as_asked, 0)

    def close(opening: re.Match[str], end: int, *, is_closed: bool) -> None:
        name = opening["name"].lower()
        counts[name] -= 1
        content = _CDATA.sub(r"\1", answer[opening.end() : end].strip()).strip()
        made.append((opening.start(), Tag(as_asked[name], content, _attributes(opening), is_closed)))

    for found in pattern.finditer(answer):
        name = found["name"].lower()
        if not found["close"]:
            counts[name] += 1
            if found["empty"]:
                close(found, found.end(), is_closed=True)
            else:
                open_tags.append(found)
        elif counts[name]:
            while (opening := open_tags.pop())["name"].lower() != name:
                close(opening, found.start(), is_closed=False)
            close(opening, found.start(), is_closed=True)
    while open_tags:
        close(open_tags.pop(), len(answer), is_closed=False)
    return [tag for _, tag in sorted(made, key=lambda pair: pair[0])]


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
