"""All printing of the command goes through here: escape sequences are shown and not executed.

Models' answers, servers' errors, names and files are untrusted, and a terminal executes what it reads:
escapes clear the screen, set the window title and hide links; directional marks reverse the text.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import IO, Any, NamedTuple

from seedbed.llm.visible_text import UNSEEN
from seedbed.llm.visible_text import visible as visible


class Painted(NamedTuple):
    """A part of a line in a colour, bold or both."""

    text: str
    colour: str | None = None
    bold: bool = False


DIM = "bright_black"
"""The colour of details: grey, which is readable on light and dark backgrounds."""


def echo(*parts: str | Painted, err: bool = False, nl: bool = True) -> None:
    """Write a line to standard output or standard error; control characters are shown, not executed."""
    line = "".join(map(_shown, parts))
    stream = sys.stderr if err else sys.stdout
    if "\x1b" not in line and _takes_all_text(stream):
        # As click does, whose import takes as long as finding 300 plugins.
        stream.write(f"{line}\n" if nl else line)
        stream.flush()
        return
    import click

    click.echo(line, err=err, nl=nl, color=colour())


def in_one_line(text: str) -> str:
    r"""Return the text like `visible`, with newlines and tabs as `\n` and `\t`."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return JSON with the same value, without anything that a terminal would execute."""
    return visible_json(json.dumps(value, indent=indent, ensure_ascii=False, default=str))


def visible_json(text: str) -> str:
    """Return a JSON text with the same value, and invisible characters as JSON escapes."""
    return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def row_bytes(encoded: bytes, stream: IO[Any]) -> bytes:
    """Return a row for a stream: unchanged for a file or pipe, with escapes for a terminal."""
    return visible_json(encoded.decode()).encode() if stream.isatty() else encoded


def confirm(fact: str, question: str) -> bool:
    """Ask on the terminal, and return whether the answer is yes."""
    import click

    return click.confirm(visible(f"{fact}\n{question}"), err=True)


def colour() -> bool | None:
    """Return False if there are to be no colours (NO_COLOR, or a dumb terminal), else None.

    With None, click decides by whether it writes to a terminal.
    """
    return False if os.environ.get("NO_COLOR") or is_dumb() else None


def is_dumb() -> bool:
    """Whether the terminal can only print lines, as in an editor or a log: it has no cursor to move."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def show_logs_visibly() -> None:
    """Print the library's warnings, which Python writes to standard error, in the same safe way."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_VisibleFormatter())


def _takes_all_text(stream: object) -> bool:
    return str(getattr(stream, "encoding", None)).lower() == "utf-8"


class _VisibleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _shown(part: str | Painted) -> str:
    if isinstance(part, Painted) and part.text:
        import click

        return click.style(visible(part.text), fg=part.colour, bold=part.bold or None)
    return visible(part if isinstance(part, str) else part.text)
