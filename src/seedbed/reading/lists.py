"""Numbered and bulleted lists in an answer."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from seedbed.errors import InvalidOutputError
from seedbed.reading.json_value import read_json
from seedbed.reading.malformed import malformed
from seedbed.reading.plain_text import unwrapped
from seedbed.reading.thinking import split_reasoning

_ITEM = re.compile(
    r"(?P<indent>[ \t]{0,40})(?:>[ \t]?)?(?:"
    r"(?P<number>[*_#]{0,3}[ \t]?(?:\(\d{1,4}\)|\[\d{1,4}\]|(?:\d{1,4}|[a-zA-Z])[.)]"
    r"(?=[\s*_\"'“])|\d{1,4}[:、\uff0e]|\d\ufe0f?\u20e3"
    r"|(?:item|step|no\.?|nr\.?|task|question|instruction|point)[ \t]?#?\d{1,4}[.:)])"
    r"(?:[*_]{1,3}(?!\w)|(?=[^\d]|\d*\D))"
    r")|(?P<bullet>(?:[-*+•‣▪◦●○\u2013—·➢➤✓✔✅]|\[[ xX]\])(?=[ \t]))"
    r"(?:[ \t]*\[[ xX]\])?)[ \t]*(?P<text>.*)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]*(?:[-*_=][ \t]?){3,}$")
_FENCE_LINE = re.compile(r"[ \t]*(?:`{3,}|~{3,})\w*$")


class _Line(NamedTuple):
    indent: int
    kind: str
    """`number`, `bullet`, `text` or `blank`."""
    text: str


def read_list(text: str, *, count: int | None = None, lines: bool = False) -> list[str]:
    r"""Return the items of the list in an answer, without numbers or bullets.

        read_list("Sure:\n1. Red\n2. Green\n\nWant more?")    # ["Red", "Green"]

    Text around the list is left out; lines of an item and lists below it stay part of it. A JSON list of
    texts is a list, too. With `lines`, an answer without numbers or bullets is one item per line. With
    `count`, the list has to have so many items. Raises InvalidOutputError if there's no list or the count
    differs.
    """
    answer = split_reasoning(text).answer.strip("\n")
    items = _json_items(answer.strip()) or _marked_items(answer)
    if not items and lines:
        items = [unwrapped(line) for line in answer.splitlines() if line.strip()]
    if not items:
        raise malformed("the answer has no list: begin each item with its number, such as '1.'", answer)
    if count is not None and len(items) != count:
        raise InvalidOutputError(f"the list has {len(items)} items, not {count}", text=text)
    return items


def _json_items(answer: str) -> list[str]:
    if not answer.startswith(("[", "```")) or "[" not in answer[:200]:
        return []
    if answer.startswith("[") and _ITEM.match(answer):
        try:
            json.loads(answer)
        except ValueError:
            return []
    if (number := _ITEM.match(answer)) and number["number"] and not answer.startswith("["):
        return []
    value = read_json(answer)
    return (
        [one if isinstance(one, str) else json.dumps(one) for one in value] if isinstance(value, list) else []
    )


def _marked_items(answer: str) -> list[str]:
    parsed = [_line(line) for line in answer.splitlines()]
    marked = [line for line in parsed if line.kind in ("number", "bullet")]
    if not marked:
        return []
    # With numbers at the outermost level, bullets are below them, even without indentation.
    outermost = min(line.indent for line in marked)
    kinds = {line.kind for line in marked if line.indent <= outermost + 1}
    kind = "number" if "number" in kinds else "bullet"
    items: list[list[str]] = []
    after_blank = False
    ended = False
    for line in parsed:
        if line.kind == kind and line.indent <= outermost + 1:
            items.append([line.text])
            ended = False
        elif line.kind == "blank":
            after_blank = True
            continue
        elif items and not ended:
            # After an empty line, text without indentation isn't part of the item.
            ended = after_blank and line.indent <= outermost and line.kind == "text"
            if not ended:
                items[-1].append(_as_written(line))
        after_blank = False
    return [item for lines in items if (item := unwrapped("\n".join(lines)))]


def _line(line: str) -> _Line:
    if not line.strip() or _RULE.match(line) or _FENCE_LINE.match(line):
        return _Line(0, "blank", "")
    if found := _ITEM.match(line):
        kind = "number" if found["number"] else "bullet"
        return _Line(len(found["indent"].expandtabs(4)), kind, found["text"].strip())
    return _Line(len(line) - len(line.lstrip()), "text", line.strip())


def _as_written(line: _Line) -> str:
    return f"- {line.text}" if line.kind in ("bullet", "number") else line.text
