"""Markdown made of text from models and strangers, which can't break out of its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from seedbed.llm.visible_text import visible

# What Markdown reads as markup within a line: a backslash before it makes it a character again. Addresses
# are escaped, too, as a reader would take a link from a model for one of the authors.
_MARKUP = re.compile(r"[\\`*\[\]!|~^$@]|(?<!\w)_|_(?!\w)|:(?=/)|(?<=www)\.", re.IGNORECASE)
# "1. " begins a list, and "1.0" is a number.
_AT_THE_START = re.compile(r"^()([-+=#>:])|^(\d+)([.)])(?=\s|$)")
_LONGEST = 200


def plain(text: str, longest: int = _LONGEST) -> str:
    """Return text for a line or a cell: on one line, without markup or HTML, cut if it's long."""
    line = " ".join(visible(text).split())
    cut = f"{line[:longest]}…" if len(line) > longest else line
    escaped = _AT_THE_START.sub(r"\1\3\\\2\4", _MARKUP.sub(r"\\\g<0>", cut))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fenced(text: str, language: str = "") -> str:
    """Return text as a block of code, whose fence is longer than any inside."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible(text).rstrip()}\n{fence}"


class Markdown(str):
    """Text that is Markdown already."""


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are made plain here, unless they're `Markdown`."""
    cells = ([cell if isinstance(cell, Markdown) else plain(cell) for cell in row] for row in rows)
    lines = [titles, ["---"] * len(titles), *cells]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def section(title: str, *parts: str) -> str:
    """Return a section, empty if it has no parts."""
    filled = [part for part in parts if part]
    return "\n\n".join([f"## {title}", *filled]) if filled else ""
