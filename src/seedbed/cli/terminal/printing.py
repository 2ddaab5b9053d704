"""The one place through which the command prints: what a terminal would obey is shown as text.

Answers of models, errors of servers, names and files come from strangers, and a terminal obeys what it
reads: escapes clear the screen, set its title and hide links; directional marks turn lines round.
"""

from __future__ import annotations

import json
import logging
import os
from typing import IO, Any, NamedTuple

import click

from seedbed.llm.visible_text import UNSEEN
from seedbed.llm.visible_text import visible as visible


class Painted(NamedTuple):
    """A part of a line in a colour, bold or both."""

    text: str
    colour: str | None = None
    bold: bool = False


DIM = "bright_black"
"""The colour of what is there to be looked up: it is grey, on light and on dark backgrounds."""


def echo(*parts: str | Painted, err: bool = False, nl: bool = True) -> None:
    """Write a line to standard output, or to standard error; text from strangers does nothing but show."""
    line = "".join(map(_shown, parts))
    click.echo(line, err=err, nl=nl, color=colour())


def in_one_line(text: str) -> str:
    r"""Return the text as `visible` does, with newlines and tabs written out, too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return JSON of the same value as ever, in which nothing is there that a terminal would obey."""
    return visible_json(json.dumps(value, indent=indent, ensure_ascii=False, default=str))


def visible_json(text: str) -> str:
    """Return a JSON text with the same value, whose unseen characters are escapes of JSON."""
    return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def row_bytes(encoded: bytes, stream: IO[Any]) -> bytes:
    """Return a row as a stream takes it: as it is in a file or a pipe, nothing unseen on a terminal."""
    return visible_json(encoded.decode()).encode() if stream.isatty() else encoded


def confirm(fact: str, question: str) -> bool:
    """Ask on the terminal, and return whether the answer is yes."""
    return click.confirm(visible(f"{fact}\n{question}"), err=True)


def colour() -> bool | None:
    """Return False where the user wants no colour (NO_COLOR), else None: the terminal decides."""
    return False if os.environ.get("NO_COLOR") else None


def show_logs_visibly() -> None:
    """Have warnings of the library, which Python writes to standard error, go the same way."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_VisibleFormatter())


class _VisibleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _shown(part: str | Painted) -> str:
    if isinstance(part, Painted) and part.text:
        return click.style(visible(part.text), fg=part.colour, bold=part.bold or None)
    return visible(part if isinstance(part, str) else part.text)
