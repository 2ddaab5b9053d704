"""Steps that put all rows in another order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Set
from typing import Any, ClassVar

from pydantic import Field

from seedbed import Example, Expression, GlobalStep, InvalidRowError, Row, did_you_mean
from seedbed_data.texts import ExpressionText


class Sort(GlobalStep):
    """Sorts all rows by the value of an expression; rows without a value come last.

    Sort(by="score", descending=True)

    A row that lacks a column which the expression reads, or has nothing there, is one without a value. Texts
    are sorted as texts, "10" before "9": of a CSV file, sort by `score | float`.
    """

    goals = ("shaping",)
    example = Example(rows=[{"text": "long one"}, {"text": "short"}], parameters={"by": "text"})

    keeps: ClassVar[bool] = True

    by: ExpressionText = Field(description="Column or expression to sort by.")
    descending: bool = Field(default=False, description="Whether the largest comes first.")

    @property
    def inputs(self) -> list[str]:
        """The columns that the expression reads."""
        return sorted(Expression(self.by).columns)

    @property
    def row_expressions(self) -> list[str]:
        """The expression."""
        return [self.by]

    def process(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows in order; equal ones stay in the order in which they came."""
        by, given = Expression(self.by), [*rows]
        read = by.columns
        if given and not any(read <= row.keys() for row in given):
            missing = min(read - given[0].keys())
            raise InvalidRowError(
                f"no row has what {self.by!r} reads: {', '.join(sorted(read))}",
                *did_you_mean(missing, given[0]),
            )
        keyed: list[tuple[Any, Row]] = [(_value(by, read, row), row) for row in given]
        known = [pair for pair in keyed if pair[0] is not None]
        try:
            known.sort(key=lambda pair: pair[0], reverse=self.descending)
        except TypeError as error:
            raise InvalidRowError(
                f"values of {self.by!r} can't be compared: {error}",
                "make them of one type before, with the step `map`, or leave out the others with `filter`",
            ) from error
        return [row for _, row in known] + [row for value, row in keyed if value is None]


def _value(by: Expression, read: Set[str], row: Row) -> Any:
    """Return what a row is sorted by; None if it lacks a column, or has nothing in one that is needed."""
    if not read <= row.keys():
        return None
    try:
        return by.value(row)
    except InvalidRowError:
        if any(row[column] is None for column in read):
            return None
        raise


class Shuffle(GlobalStep):
    """Puts all rows in a random order, the same for the same seed.

    Shuffle(seed=7)
    """

    goals = ("shaping",)
    example = Example(rows=[{"text": "a"}, {"text": "b"}, {"text": "c"}])

    keeps: ClassVar[bool] = True

    seed: int = Field(default=0, description="Another seed gives another order.")

    def process(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows in a random order."""
        shuffled = list(rows)
        random.Random(self.seed).shuffle(shuffled)
        return shuffled
