"""A step that chooses rows by chance, by what they hold: neither their place nor other rows change it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from seedbed import Example, Reject, Row, Step
from seedbed_data.equal_values import key_of


class Sample(Step):
    """Keeps a share of the rows, chosen by chance.

    Sample(share=0.1, seed=7)

    Equal rows are all kept or all dropped.
    """

    goals = ("shaping",)
    keywords = ("subset", "random")
    example = Example(
        rows=[{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}], parameters={"share": 0.5}
    )

    keeps: ClassVar[bool] = True

    share: float = Field(ge=0, le=1, description="Share of the rows that stay.")
    seed: int = Field(default=0, description="Another seed chooses other rows.")
    by: list[str] = Field(default_factory=list, description="Columns that decide; all of them if left out.")

    @property
    def inputs(self) -> list[str]:
        """The columns that decide."""
        return self.by

    def process(self, row: Row) -> Row:
        """Return the row if it's chosen, or reject it."""
        if chance(chosen(row, self.by), self.seed) >= self.share:
            raise Reject(f"not in the sample of {self.share:g}")
        return row


def chosen(row: Row, by: Sequence[str]) -> Row:
    """Return what decides about a row: some of its columns, or all."""
    return {column: row[column] for column in by} if by else row


def chance(value: Any, seed: int) -> float:
    """Return a number from 0 to 1 that follows from the seed and a value."""
    # 53 bits, as many as a float has: all 64 would round up to 1.
    return (int.from_bytes(digest(value, seed)[:8]) >> 11) / 2**53


def digest(value: Any, seed: int) -> bytes:
    """Return 16 bytes that stand for a seed and a value."""
    text = key_of([seed, value])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
