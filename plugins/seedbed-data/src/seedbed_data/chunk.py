"""A step that cuts documents into passages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, model_validator
from semchunk.semchunk import chunkerify

from seedbed import Reject, Row, Step
from seedbed_data.words import text_of


class Chunk(Step):
    """Makes a row of each passage of a text, cut where paragraphs and sentences end if that's possible.

    Chunk(column="document", size=200, overlap=20)

    `start` and `end` say where the passage is in the text, in characters; `part` numbers it, from 0. Other
    columns are repeated, and the text itself is left out unless `into` names its column. The package semchunk
    does the cutting.
    """

    keeps: ClassVar[bool] = True

    column: str = Field(default="text", description="Column with the text.")
    into: str = Field(default="chunk", min_length=1, description="Column for the passage.")
    size: int = Field(default=300, ge=1, description="Longest passage.")
    overlap: int = Field(default=0, ge=0, description="How much a passage has in common with the one before.")
    unit: Literal["words", "characters"] = Field(default="words", description="What is counted.")

    _cut: Any = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_overlap(self) -> Chunk:
        if self.overlap >= self.size:
            raise ValueError(f"the overlap ({self.overlap}) is not less than the size ({self.size})")
        return self

    @property
    def inputs(self) -> list[str]:
        """The column with the text."""
        return [self.column]

    @property
    def outputs(self) -> list[str]:
        """The passage, and where it is in the text."""
        return [self.into, "part", "start", "end"]

    def process(self, row: Row) -> list[Row]:
        """Return one row per passage."""
        text = text_of(row, [self.column])
        chunks, offsets = self._cutter()(text, offsets=True, overlap=self.overlap or None)
        rest = {column: value for column, value in row.items() if column != self.column}
        made = [
            {**rest, self.into: chunk, "part": part, "start": start, "end": end}
            for part, (chunk, (start, end)) in enumerate(zip(chunks, offsets, strict=True))
        ]
        if not made:
            raise Reject(f"'{self.column}' is empty")
        return made

    def _cutter(self) -> Callable[..., Any]:
        if self._cut is None:
            count: Callable[[str], int] = len if self.unit == "characters" else _words
            # Remembering each piece of every document would take memory without end.
            self._cut = chunkerify(count, self.size, memoize=False)
        cut: Callable[..., Any] = self._cut
        return cut


def _words(text: str) -> int:
    return len(text.split())
