"""Text by the cells of a terminal that it takes: an ideogram has two, an accent none."""

from __future__ import annotations

import shutil
import sys

_GAP = "…"


def width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with so many spaces that it takes `width` cells, in front of it where it is `right`."""
    spaces = " " * (width - width_of(text))
    return spaces + text if right else text + spaces


def shortened(text: str, width: int) -> str:
    """Return a text that takes `width` cells at most: what is cut is in the middle.

    Names that belong together begin alike, and differ at the end.
    """
    if width_of(text) <= width:
        return text
    left = width // 2
    end = _beginning(text[::-1], width - left - 1)[::-1]
    return f"{_beginning(text, left)}{_GAP}{end}"


def page_width() -> int | None:
    """Return the width of the terminal that standard output is, or None where it is a file or a pipe.

    COLUMNS alone says nothing: a program that has loaded GNU readline leaves it to all that it starts.
    """
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _beginning(text: str, width: int) -> str:
    used = 0
    for number, character in enumerate(text):
        used += width_of(character)
        if used > width:
            return text[:number]
    return text
