"""How to read a file of rows: its encoding, the columns, and where notes about replaced values go."""

from __future__ import annotations

import codecs
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from seedbed.errors import UsageError
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry

logger = logging.getLogger(__name__)

Placed: TypeAlias = tuple[int, Row]
"""A row's place in its file (line, item or row, counted from 1), and the row."""


@dataclass
class Skip:
    """How many of the first rows aren't wanted.

    A reader that can passes over them without parsing, and lowers `left`. The caller drops the others.
    """

    left: int = 0

    def passes(self, rows: int) -> bool:
        """Pass over the next `rows` rows, if all of them are to be skipped; return whether they are."""
        if self.left < rows:
            return False
        self.left -= rows
        return True


class Noting(Protocol):
    """Gets a sentence about a value that was replaced in a file, and its place."""

    def __call__(self, text: str, place: str = "") -> None:
        """Note `text`, unless it has been noted for this file before."""


@dataclass(frozen=True)
class Reading:
    """What a user says about a file of rows.

    `encoding` is that of a text file; if it's None, the first bytes of the file decide. `columns` are the
    only ones to read (None: all), `drop` the ones to leave out. `note` gets a sentence for each kind of value
    that isn't read exactly as it's written, once for each file. `skip` says how many of the first rows to
    pass over. `registry` has the formats of plugins. `delimiter` is what separates the cells of CSV; if it's
    None, a comma, or a tab in .tsv.

        Reading(columns=("question",), note=print)
    """

    encoding: str | None = None
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    note: Callable[[str], None] = logger.warning
    skip: Skip = field(default_factory=Skip, compare=False)
    registry: Registry | None = field(default=None, compare=False, repr=False)
    delimiter: str | None = None
    _noted: set[str] = field(default_factory=set, compare=False)

    def check(self) -> None:
        """Raise `UsageError` if Python doesn't know the encoding."""
        # `lookup` also finds codecs from bytes to bytes, such as zlib, which decode no text.
        try:
            codec = codecs.lookup("utf-8" if self.encoding is None else self.encoding)
            known = codec._is_text_encoding
            # The codec `undefined` refuses even this.
            if known:
                codec.incrementaldecoder().decode(b"")
        except (LookupError, UnicodeError):
            known = False
        if not known:
            names = "utf-8, cp1252, latin-1, utf-16, gb18030"
            raise UsageError(f"there is no encoding {self.encoding!r}", f"for example {names}")

    def wants(self, column: str) -> bool:
        """Whether rows should have a column."""
        return (self.columns is None or column in self.columns) and column not in self.drop

    def noting(self, file: str) -> Noting:
        """Return a function that notes replaced values of one file, each kind once."""

        def take(text: str, place: str = "") -> None:
            if (key := f"{file} {text}") not in self._noted:
                self._noted.add(key)
                self.note(f"{file}{place}: {text}")

        return take
