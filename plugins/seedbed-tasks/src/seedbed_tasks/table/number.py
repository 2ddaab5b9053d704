"""Columns of numbers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from seedbed_tasks.table.column import Drawn, Others
from seedbed_tasks.table.distribution import Distribution
from seedbed_tasks.table.draws import Draws, Floats

_FINE = 2**52


class Part(Distribution):
    """One of the distributions of a mixture, with the share of the numbers that come from it."""

    weight: float = Field(default=1, gt=0, allow_inf_nan=False, description="Share, relative to the others.")

    @model_validator(mode="after")
    def _check_part(self) -> Part:
        if self.distribution == "mixture":
            raise ValueError("a part of a mixture can't be a mixture")
        return self


class Number(Drawn, Distribution):
    """Numbers from a distribution.

    Number(distribution="normal", mean=40, std=12, min=18, max=99, integer=True)

    `min` and `max` cut a distribution off: no number is drawn beyond and moved to the edge.
    """

    spreads: ClassVar[bool] = True

    kind: Literal["number"] = "number"
    parts: list[Part] | None = Field(default=None, min_length=1, description="Distributions of a mixture.")

    @model_validator(mode="after")
    def _check_unique(self) -> Number:
        if self.unique and self.distribution != "uniform":
            raise ValueError(f"`unique` needs a uniform distribution, and this one is {self.distribution}")
        return self

    @property
    def size(self) -> int | None:
        """How many numbers there are, if the distribution is uniform."""
        return (self.steps or _FINE) if self.distribution == "uniform" else None

    @property
    def draws_unique(self) -> bool:
        """Whether `unique` is met by the way that values are drawn."""
        return self.distribution == "uniform"

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return a number for each row."""
        return self.shown(self.numbers(draws))

    def numbers(self, draws: Draws, low: Floats | None = None, high: Floats | None = None) -> Floats:
        """Return a number for each row, between `low` and `high` if given; NaN where there is none."""
        if self.unique and self.size is not None:
            share = (draws.distinct(self.size) + 0.5) / self.size
        else:
            share = draws.uniform()
        if self.parts is None:
            return self.numbers_at(share, low, high)
        return self._mixed(draws, share, low, high)

    def shown(self, numbers: Floats) -> list[Any]:
        """Return numbers as the table has them."""
        if self.parts is not None:
            whole = all(part.is_whole for part in self.parts) or self.integer
            numbers = numbers if self.decimals is None else np.round(numbers, self.decimals)
        else:
            whole = self.is_whole
        made: list[Any] = (np.rint(numbers).astype(np.int64) if whole else numbers).tolist()
        return made

    def _mixed(self, draws: Draws, share: Floats, low: Floats | None, high: Floats | None) -> Floats:
        assert self.parts is not None
        ends = np.cumsum([part.weight for part in self.parts])
        # The first number says which part, and where in it: no other number is needed, and `balance` spreads
        # both.
        of_part = np.minimum(np.searchsorted(ends / ends[-1], share, side="right"), len(ends) - 1)
        starts = np.concatenate([[0.0], ends[:-1]]) / ends[-1]
        within = (share - starts[of_part]) * ends[-1] / np.diff(np.concatenate([[0.0], ends]))[of_part]
        made = np.empty(len(share))
        for number, part in enumerate(self.parts):
            here = of_part == number
            cut = (bound if bound is None else bound[here] for bound in (low, high))
            made[here] = part.numbers_at(np.clip(within[here], 2.0**-53, np.nextafter(1, 0)), *cut)
        return made
