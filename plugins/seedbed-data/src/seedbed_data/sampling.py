"""A step that chooses rows by chance, by what they hold: neither their place nor other rows change it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from seedbed import Example, Reject, Row, Step
from seedbed_data.chance import chance, deciding_part


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
        if chance(deciding_part(row, self.by), self.seed) >= self.share:
            raise Reject(f"not in the sample of {self.share:g}")
        return row
