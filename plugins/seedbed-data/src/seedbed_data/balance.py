"""A step that keeps as many rows of each value as are wanted."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from pydantic import Field, NonNegativeInt, PrivateAttr, field_validator, model_validator

from seedbed import Example, Reject, Row, Step
from seedbed_data.equal_values import key_of

_SHOWN = 5


class Balance(Step):
    """Keeps a number of rows of each value of a column: the first ones, and rejects the others.

    Balance(by="label", counts={"positive": 500, "negative": 500})

    The run ends when every value has its number of `counts`, so a generator upstream needs no `-n`. Of other
    values than text, the JSON counts: {"true": 50, "null": 50}.
    """

    goals = ("shaping",)
    keywords = ("class balance", "downsampling")
    example = Example(
        rows=[
            {"text": "good", "label": "pos"},
            {"text": "fine", "label": "pos"},
            {"text": "bad", "label": "neg"},
        ],
        parameters={"by": "label", "each": 1},
    )

    # Which rows are the first ones must not depend on timing.
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    by: str = Field(min_length=1, description="Column with the values.")
    counts: dict[str, NonNegativeInt] | None = Field(
        default=None, description="Rows of each value; rows with other values are rejected."
    )
    each: int | None = Field(
        default=None, ge=1, description="Rows of every value, whatever values there are."
    )

    _kept: Counter[str] = PrivateAttr(default_factory=Counter)

    @field_validator("counts", mode="before")
    @classmethod
    def _as_text(cls, counts: Any) -> Any:
        # YAML reads `true:` and `1:` as a boolean and a number.
        return (
            {_shown(value): count for value, count in counts.items()} if isinstance(counts, dict) else counts
        )

    @model_validator(mode="after")
    def _check_numbers(self) -> Balance:
        if (self.counts is None) == (self.each is None):
            raise ValueError("give either `counts` or `each`")
        return self

    @property
    def inputs(self) -> list[str]:
        """The column with the values."""
        return [self.by]

    @property
    def rows_wanted(self) -> int | None:
        """How many more rows stay, if `counts` says it."""
        if self.counts is None:
            return None
        return sum(max(0, wanted - self._kept[value]) for value, wanted in self.counts.items())

    @property
    def rows_missing(self) -> str:
        """Which values have fewer rows than `counts` says."""
        short = [
            f"{wanted - self._kept[value]:,} of {wanted:,} rows with '{self.by}' {value:.40}"
            for value, wanted in (self.counts or {}).items()
            if self._kept[value] < wanted
        ]
        more = f" and {len(short) - _SHOWN} other values" if len(short) > _SHOWN else ""
        return f"{', '.join(short[:_SHOWN])}{more}"

    def load(self) -> None:
        """Count from 0."""
        self._kept = Counter()

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        value = _shown(row[self.by])
        wanted = self.each if self.counts is None else self.counts.get(value)
        if wanted is None:
            raise Reject(f"no rows with another '{self.by}' are wanted")
        if self._kept[value] >= wanted:
            raise Reject(f"enough rows have '{self.by}' {value:.40}: {wanted}")
        self._kept[value] += 1
        return row


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else key_of(value)
