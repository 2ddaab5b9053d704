"""Columns whose values come from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from seedbed import Files, Row, UsageError, did_you_mean, read_rows
from seedbed_tasks.table.column import Drawn, Others
from seedbed_tasks.table.draws import Draws, Floats, Integers
from seedbed_tasks.table.written_as import FilePattern


class From(Drawn):
    """A column of a file, or its whole rows.

    From(file="customers.csv", column="city", weights="people")

    Rows are drawn, or taken in order; after the last comes the first again. The file may be of any format
    that Seedbed reads, and is held in memory.
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"file", "column", "order", "weights"})

    kind: Literal["from"] = "from"
    file: FilePattern = Field(description="File with the rows, or a pattern for several.")
    column: str | None = Field(
        default=None, description="Column of the file; the whole row, as a dictionary, if unset."
    )
    order: Literal["drawn", "file"] = Field(
        default="drawn", description="Draw rows by chance, or take them as they stand in the file."
    )
    weights: str | None = Field(
        default=None,
        description="Column of the file that says how often a row is drawn, relative to the others.",
    )

    _rows: list[Row] | None = PrivateAttr(default=None)
    _ends: Floats | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_order(self) -> From:
        if self.order == "file" and self.weights is not None:
            raise ValueError("rows that are taken in order aren't drawn: leave `weights` out")
        if self.unique and self.weights is not None:
            raise ValueError("`unique` takes each row once, so it can't be combined with `weights`")
        return self

    def prepare(self, rows: int | None) -> None:
        """Read the file, and check that it has what the parameters name."""
        self._rows = None
        self._read()
        super().prepare(rows)

    @property
    def size(self) -> int:
        """How many rows the file has."""
        return len(self._read())

    @property
    def draws_unique(self) -> bool:
        """Whether `unique` is met by the way that values are drawn."""
        return self.order == "drawn"

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return a value of the file for each row."""
        rows = self._read()
        places = self._places(draws, rows).tolist()
        return [rows[place] if self.column is None else rows[place].get(self.column) for place in places]

    def _places(self, draws: Draws, rows: list[Row]) -> Integers:
        if self.unique and self.order == "drawn":
            return draws.distinct(len(rows))
        if self.order == "file":
            return draws.rows % len(rows)
        if self.weights is None:
            return np.minimum((draws.uniform() * len(rows)).astype(np.int64), len(rows) - 1)
        if self._ends is None:
            self._ends = self._shares(rows)
        last = int(np.argmax(self._ends >= 1))
        return np.minimum(np.searchsorted(self._ends, draws.uniform(), side="right"), last)

    def _shares(self, rows: list[Row]) -> Floats:
        """Return below which share of (0, 1) each row is drawn."""
        assert self.weights is not None
        weights = [row.get(self.weights) for row in rows]
        try:
            made = np.array([float(weight) for weight in weights])  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise UsageError(f"'{self.file}': the weights in '{self.weights}' are not all numbers") from error
        if not np.isfinite(made).all() or (made < 0).any() or not made.sum() > 0:
            raise UsageError(
                f"'{self.file}': the weights in '{self.weights}' don't fit",
                "they are 0 or more, and not all 0",
            )
        ends: Floats = np.cumsum(made)
        shares: Floats = ends / ends[-1]
        return shares

    def _read(self) -> list[Row]:
        if self._rows is None:
            self._rows = self._checked(list(read_rows(Files(self.file).paths() or [Path(self.file)])))
        return self._rows

    def _checked(self, rows: list[Row]) -> list[Row]:
        if not rows:
            raise UsageError(f"'{self.file}' has no rows")
        known = {name for row in rows for name in row}
        for name in (self.column, self.weights):
            if name is not None and name not in known:
                raise UsageError(
                    f"'{self.file}' has no column '{name}'",
                    *did_you_mean(name, known),
                    f"its columns are {', '.join(sorted(known))}",
                )
        if self.weights is not None:
            self._ends = self._shares(rows)
        return rows
