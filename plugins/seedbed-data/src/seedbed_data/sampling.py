"""Steps that choose by chance, by what a row holds: neither its place nor other rows change the choice."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from seedbed import Row, Step


class Sample(Step):
    """Keeps a share of the rows, chosen by chance.

    Sample(share=0.1, seed=7)

    Equal rows are all kept or all dropped.
    """

    keeps: ClassVar[bool] = True

    share: float = Field(ge=0, le=1, description="Share of the rows that stay.")
    seed: int = Field(default=0, description="Another seed chooses other rows.")
    by: list[str] = Field(default_factory=list, description="Columns that decide; all of them if left out.")

    @property
    def inputs(self) -> list[str]:
        """The columns that decide."""
        return self.by

    def process(self, row: Row) -> Row | None:
        """Return the row if it's chosen."""
        return row if chance(row, self.by, self.seed) < self.share else None


class Split(Step):
    """Adds a column with the part that a row belongs to, such as train or test.

    Split(parts={"train": 0.9, "test": 0.1}, by=["document"])

    Rows that agree in the columns `by` are in the same part, so that nothing leaks from one to another.
    """

    keeps: ClassVar[bool] = True

    parts: dict[str, float] = Field(min_length=1, description="Share of each part; together they make 1.")
    by: list[str] = Field(default_factory=list, description="Columns that decide; all of them if left out.")
    column: str = Field(default="split", min_length=1, description="Column that is made.")
    seed: int = Field(default=0, description="Another seed splits otherwise.")

    @field_validator("parts")
    @classmethod
    def _check_parts(cls, parts: dict[str, float]) -> dict[str, float]:
        if any(share < 0 for share in parts.values()):
            raise ValueError("a share is less than 0")
        if not math.isclose(total := sum(parts.values()), 1):
            raise ValueError(f"the shares make {total:g}, not 1")
        return parts

    @property
    def inputs(self) -> list[str]:
        """The columns that decide."""
        return self.by

    @property
    def outputs(self) -> list[str]:
        """The column with the part."""
        return [self.column]

    def process(self, row: Row) -> Row:
        """Return the row with its part."""
        left = chance(row, self.by, self.seed)
        for part, share in self.parts.items():
            left -= share
            if left < 0:
                return {**row, self.column: part}
        # The shares may make a little less than 1 as floating-point numbers.
        return {**row, self.column: next(reversed(self.parts))}


def chance(row: Row, by: Sequence[str], seed: int) -> float:
    """Return a number from 0 to 1 that follows from the seed and what a row holds in some columns."""
    chosen = {column: row[column] for column in by} if by else row
    text = json.dumps([seed, chosen], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    # 53 bits, as many as a float has: all 64 would round up to 1.
    return (int.from_bytes(digest) >> 11) / 2**53
