"""Steps that keep some rows and reject the others, each with a reason that the summary counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr, model_validator

from seedbed import Example, Expression, InvalidRowError, Reject, Row, Step
from seedbed_data.texts import ExpressionText, value_of
from seedbed_data.words import count_words, type_name


class Filter(Step):
    """Keeps the rows for which an expression is true.

    Filter(keep="score >= 4 and lang == 'en'")

    The others are rejected; a generator upstream replaces them, until there are as many as were asked for.
    """

    goals = ("cleaning",)
    keywords = ("condition", "where")
    example = Example(
        rows=[{"text": "a", "score": 4}, {"text": "b", "score": 2}], parameters={"keep": "score >= 3"}
    )

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    keep: ExpressionText = Field(description="Expression over the columns; rows for which it's true stay.")

    @property
    def inputs(self) -> list[str]:
        """The columns that the expression reads."""
        return sorted(Expression(self.keep).columns)

    @property
    def row_expressions(self) -> list[str]:
        """The expression."""
        return [self.keep]

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        if not value_of(self.keep)(row):
            raise _rejected(self.keep)(row)
        return row

    def process_many(self, rows: Sequence[Row]) -> Iterable[Row | Reject]:
        """Do the same with many rows."""
        is_kept, rejected = value_of(self.keep), _rejected(self.keep)
        return [row if is_kept(row) else rejected(row) for row in rows]


@lru_cache(maxsize=256)
def _rejected(keep: str) -> Callable[[Row], Reject]:
    """Return what says why a row is rejected, and what no value of its types could meet."""
    expression, reason = Expression(keep), f"not {keep}"
    if not expression.asks_equality:
        return lambda row: Reject(reason)
    return lambda row: Reject(reason, *filter(None, [expression.never_equal(row)]))


class Length(Step):
    """Keeps the rows whose text isn't too short or too long.

    Length(column="answer", at_least=20, unit="words")
    """

    goals = ("cleaning",)
    keywords = ("tokens", "characters", "words")
    example = Example(
        rows=[{"text": "No."}, {"text": "The tide is rising."}], parameters={"unit": "words", "at_least": 3}
    )

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    column: str = Field(default="text", min_length=1, description="Column with the text.")
    at_least: int = Field(default=0, ge=0, description="Shorter texts are rejected.")
    at_most: int | None = Field(default=None, ge=0, description="Longer texts are rejected.")
    unit: Literal["characters", "words"] = Field(default="characters", description="What is counted.")

    @model_validator(mode="after")
    def _check_bounds(self) -> Length:
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"at_most is {self.at_most}, which is less than at_least ({self.at_least})")
        return self

    @property
    def inputs(self) -> list[str]:
        """The column with the text."""
        return [self.column]

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        text = row[self.column]
        if not isinstance(text, str):
            raise InvalidRowError(f"'{self.column}' is {type_name(text)}, not text")
        length = len(text) if self.unit == "characters" else count_words(text)
        # The reason names the bound, not the length: the summary counts rows by reason.
        if length < self.at_least:
            raise Reject(f"'{self.column}' has fewer than {self.at_least} {self.unit}")
        if self.at_most is not None and length > self.at_most:
            raise Reject(f"'{self.column}' has more than {self.at_most} {self.unit}")
        return row


class Limit(Step):
    """Keeps the first rows, in the order of the input.

    Limit(rows=1000)

    The run ends with the last of them: no more rows are read, and no model is asked for more, unless rows go
    to another step as well.
    """

    goals = ("shaping",)
    keywords = ("head",)
    example = Example(rows=[{"text": "a"}, {"text": "b"}, {"text": "c"}], parameters={"rows": 2})

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    rows: int = Field(ge=0, description="How many rows stay.")

    _seen: int = PrivateAttr(default=0)

    @property
    def rows_wanted(self) -> int:
        """How many more rows stay."""
        return max(0, self.rows - self._seen)

    def load(self) -> None:
        """Count from 0."""
        self._seen = 0

    def process(self, row: Row) -> Row:
        """Return the row if it's among the first ones, or reject it."""
        self._seen += 1
        if self._seen > self.rows:
            raise Reject(f"after the first {self.rows:,} rows")
        return row
