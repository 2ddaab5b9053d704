"""Texts under titles, for people: prompts, answers, rows, reasons."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable

from seedbed.cli.terminal.printing import DIM, Painted, echo, visible

_INDENT = "  "
_ABOUT = " · "


def rule(title: str, paint: str | None = None) -> None:
    """Write a title in a line across the page."""
    line = f"── {title} ".ljust(min(_width(), 100), "─")
    echo(Painted(line, paint, bold=True))


def block(title: str, text: str, paint: str) -> None:
    """Write a title in a colour, and a text indented under it."""
    line_block(title, ((line,) for line in wrapped(visible(text.strip()))), paint)


def line_block(title: str, lines: Iterable[tuple[str | Painted, ...]], paint: str) -> None:
    """Write a title in a colour, and lines indented under it, each in parts."""
    label, dot, about = title.partition(_ABOUT)
    echo(Painted(label, paint, bold=True), Painted(dot + about, DIM))
    for line in lines:
        echo(_INDENT, *line)
    echo()


def wrapped(text: str) -> list[str]:
    """Return the lines of a text, wrapped to the terminal; whole elsewhere."""
    lines = text.splitlines()
    if not sys.stdout.isatty():
        return lines
    # A split window may have one column: then the terminal itself breaks the lines.
    width = max(_width() - 4, 20)
    return [part for line in lines for part in textwrap.wrap(line, width, replace_whitespace=False) or [""]]


def _width() -> int:
    return shutil.get_terminal_size().columns
