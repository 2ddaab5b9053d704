"""A step that says which part of the dataset a row belongs to."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr, field_validator

from seedbed import Example, Row, Step, row_id
from seedbed_data.chance import chance, deciding_part, digest
from seedbed_data.equal_values import key_of
from seedbed_data.texts import ColumnName


class Split(Step):
    """Adds a column with the part that a row belongs to, such as train or test.

    Split(parts={"train": 0.9, "test": 0.1}, by=["document"])

    Rows that agree in the columns `by` are in the same part, so that nothing leaks from one to another.
    Without `by`, equal rows are in the same part, and so are the rows that one row was made into, by `chunk`
    or `explode` for example. (Steps that need all rows, such as `shuffle`, lose track of that.)

    The part follows from what the row holds, except with `stratify`: then the rows of each value of that
    column are shared out in their order, as exactly as rows that stay together allow.
    """

    goals = ("shaping", "evaluation")
    keywords = ("train", "test", "validation", "holdout", "stratified")
    example = Example(
        rows=[{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}],
        parameters={"parts": {"train": 0.5, "test": 0.5}},
    )

    keeps: ClassVar[bool] = True

    parts: dict[ColumnName, float] = Field(
        min_length=1, description="Share of each part; together they make 1."
    )
    by: list[str] = Field(default_factory=list, description="Columns that decide; all of them if left out.")
    stratify: str | None = Field(
        default=None, min_length=1, description="Column whose values each have these shares."
    )
    column: str = Field(default="split", min_length=1, description="Column that is made.")
    seed: int = Field(default=0, description="Another seed splits otherwise.")

    # For each stratum the rows in each part so far; for each group that stays together its part.
    _counts: dict[str, dict[str, int]] = PrivateAttr(default_factory=dict)
    _parts_of: dict[bytes, str] = PrivateAttr(default_factory=dict)

    @field_validator("parts")
    @classmethod
    def _check_parts(cls, parts: dict[str, float]) -> dict[str, float]:
        if any(share < 0 for share in parts.values()):
            raise ValueError("a share is less than 0")
        if not math.isclose(total := sum(parts.values()), 1):
            raise ValueError(f"the shares make {total:g}, not 1")
        return parts

    @property
    def ordered(self) -> bool:  # type: ignore[override]  # only counting needs rows in order
        """Whether rows are counted, and so come one at a time."""
        return self.stratify is not None

    @property
    def inputs(self) -> list[str]:
        """The columns that decide."""
        return list(dict.fromkeys([*self.by, *([self.stratify] if self.stratify is not None else [])]))

    @property
    def outputs(self) -> list[str]:
        """The column with the part."""
        return [self.column]

    def load(self) -> None:
        """Count from 0."""
        self._counts, self._parts_of = {}, {}

    def process(self, row: Row) -> Row:
        """Return the row with its part."""
        together = self._together(row)
        if self.stratify is None:
            part = _drawn(self.parts, chance(together, self.seed))
        else:
            part = self._counted(key_of(row[self.stratify]), together)
        return {**row, self.column: part}

    def _together(self, row: Row) -> Any:
        """Return what rows that must stay together have in common."""
        parent, separator, _ = (row_id() or "").partition("/")
        if separator and not self.by:
            # A row of a file has its content and a count as its id: equal rows aren't different parents.
            return parent.partition(".")[0]
        return deciding_part(row, self.by)

    def _counted(self, stratum: str, together: Any) -> str:
        """Return the part of a row with this value of the column `stratify`, and count it there."""
        key = digest(together, self.seed)
        counts = self._counts.setdefault(stratum, dict.fromkeys(self.parts, 0))
        if key not in self._parts_of:
            total = sum(counts.values()) + 1
            # Only a part that is behind gets a row, so none is ever a whole row ahead; chance decides which.
            behind = {part: max(0.0, share * total - counts[part]) for part, share in self.parts.items()}
            self._parts_of[key] = _drawn(behind, chance(together, self.seed) * sum(behind.values()))
        part = self._parts_of[key]
        counts[part] += 1
        return part


def _drawn(shares: dict[str, float], left: float) -> str:
    """Return the part in whose share a number falls, the shares being laid end to end from 0."""
    for part, share in shares.items():
        left -= share
        if left < 0:
            return part
    # The shares may make a little less than 1 as floating-point numbers.
    return next(part for part in reversed(shares) if shares[part] > 0)
