"""The width of text in terminal cells: an ideogram takes two, an accent none."""

from __future__ import annotations

import shutil
import sys

_GAP = "…"


def width_of(text: str) -> int:
    """Return how many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Pad a text with spaces to `width` cells, on the left if it's aligned to the `right`."""
    spaces = " " * (width - width_of(text))
    return spaces + text if right else text + spaces


def shortened(text: str, width: int) -> str:
    """Return a text of `width` cells at most, with its middle cut out.

    Related names begin with the same words and differ at the end, so both ends are kept.
    """
    if width_of(text) <= width:
        return text
    left = width // 2
    end = _beginning(text[::-1], width - left - 1)[::-1]
    return f"{_beginning(text, left)}{_GAP}{end}"


def page_width() -> int | None:
    """Return the width of the terminal on standard output; None if it's a file or a pipe.

    COLUMNS alone doesn't mean a terminal: a program with GNU readline sets it for every process it starts.
    """
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _beginning(text: str, width: int) -> str:
    used = 0
    for number, character in enumerate(text):
        used += width_of(character)
        if used > width:
            return text[:number]
    return text
