"""Texts under titles, for people: answers, rows, reasons."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from seedbed.cli.printing import Painted, echo, visible
from seedbed.llm.conversation import choice_text
from seedbed.llm.response import FINISH_REASONS, Choice
from seedbed.tasks.rows import Row

_INDENT = "  "


def rule(title: str) -> None:
    """Write a title in a line across the page."""
    line = f"── {title} ".ljust(min(_width(), 100), "─")
    echo(Painted(line, bold=True))


def block(title: str, text: str, paint: str) -> None:
    """Write a title in a colour, and a text indented under it."""
    echo(Painted(title, paint))
    for line in _lines(visible(text.strip())):
        echo(f"{_INDENT}{line}")
    echo()


def write_answers(choices: tuple[Choice, ...], about: str = "") -> None:
    """Write the answers of one call, numbered if there are several, with what is said `about` it."""
    for number, choice in enumerate(choices, start=1):
        which = f" {number}" if len(choices) > 1 else ""
        block(f"answer{which}{_ended(choice)}{about}", choice_text(choice), "magenta")


def _ended(choice: Choice) -> str:
    if choice.finish_reason == "length":
        return ", cut at the longest"
    return "" if choice.finish_reason in FINISH_REASONS else f", ended with {choice.finish_reason!r}"


def row_text(row: Row) -> str:
    """Return a row as lines of `column: value`."""
    return "\n".join(f"{name}: {_value_text(value)}" for name, value in row.items())


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, wrapped to the terminal; whole elsewhere."""
    for line in text.splitlines():
        if sys.stdout.isatty():
            yield from textwrap.wrap(line, _width() - 4, replace_whitespace=False) or [""]
        else:
            yield line


def _width() -> int:
    return shutil.get_terminal_size().columns
