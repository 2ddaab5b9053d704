"""How a file of rows is to be read: its encoding, which columns, and who hears of what was mended."""

from __future__ import annotations

import codecs
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from seedbed.errors import UsageError
from seedbed.tasks.rows import Row

logger = logging.getLogger(__name__)

Placed: TypeAlias = tuple[int, Row]
"""A row and where it stands in its file: its line, item or row, counted from 1."""


class Noting(Protocol):
    """Takes what was mended in a file, and where in it."""

    def __call__(self, text: str, place: str = "") -> None:
        """Note `text`, the first time that it is said of the file."""


@dataclass(frozen=True)
class Reading:
    """What a user says about a file of rows.

    `encoding` is that of a text file, found by its first bytes unless given; `columns` are the only ones
    wanted (None: all), `drop` those that are not. `note` takes a sentence for each kind of thing that was
    read otherwise than it is written, once for each file.
    """

    encoding: str | None = None
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    note: Callable[[str], None] = logger.warning
    _noted: set[str] = field(default_factory=set, compare=False)

    def check(self) -> None:
        """Raise `UsageError` for an encoding that Python does not know."""
        try:
            known = self.encoding is None or codecs.lookup(self.encoding)._is_text_encoding
        except LookupError:
            known = False
        if not known:
            names = "utf-8, cp1252, latin-1, utf-16, gb18030"
            raise UsageError(f"there is no encoding {self.encoding!r}", f"for example {names}")

    def wants(self, column: str) -> bool:
        """Whether rows are to have a column."""
        return (self.columns is None or column in self.columns) and column not in self.drop

    def noting(self, file: str) -> Noting:
        """Return what takes notes on a file, each once: its place, and what was mended there."""

        def take(text: str, place: str = "") -> None:
            if (key := f"{file} {text}") not in self._noted:
                self._noted.add(key)
                self.note(f"{file}{place}: {text}")

        return take
