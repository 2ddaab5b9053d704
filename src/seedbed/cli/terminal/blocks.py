"""Texts under titles, for people: answers, rows, reasons."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator

from seedbed.cli.terminal.printing import Painted, echo, visible
from seedbed.llm.conversation import told_answers
from seedbed.llm.response import Choice

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
    for title, text in told_answers(choices, about):
        block(title, text, "magenta")


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, wrapped to the terminal; whole elsewhere."""
    for line in text.splitlines():
        if sys.stdout.isatty():
            yield from textwrap.wrap(line, _width() - 4, replace_whitespace=False) or [""]
        else:
            yield line


def _width() -> int:
    return shutil.get_terminal_size().columns
