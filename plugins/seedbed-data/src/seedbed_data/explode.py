"""A step that makes a row of each element of a list."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from seedbed import Example, InvalidRowError, Reject, Row, Step
from seedbed_data.texts import check_distinct
from seedbed_data.words import type_name


class Explode(Step):
    """Makes a row of each element of a list; the other columns are repeated.

    Explode(column="questions", into="question")
    """

    goals = ("shaping",)
    keywords = ("unnest", "flatten")
    example = Example(
        rows=[{"topic": "sea", "questions": ["Why is it salty?", "Why is it blue?"]}],
        parameters={"column": "questions", "into": "question"},
    )

    keeps: ClassVar[bool] = True

    column: str = Field(min_length=1, description="Column with the list.")
    into: str | None = Field(
        default=None, min_length=1, description="Column for the element; the list's own if unset."
    )
    position: str | None = Field(default=None, description="Column for the element's position, from 0.")

    @model_validator(mode="after")
    def _check_names(self) -> Explode:
        check_distinct(self.outputs)
        return self

    @property
    def inputs(self) -> list[str]:
        """The column with the list."""
        return [self.column]

    @property
    def outputs(self) -> list[str]:
        """The columns that are made."""
        return [self.into or self.column, *([self.position] if self.position else [])]

    def process(self, row: Row) -> list[Row]:
        """Return one row per element."""
        elements = row[self.column]
        if not isinstance(elements, list):
            raise InvalidRowError(f"'{self.column}' is {type_name(elements)}, not a list")
        if not elements:
            raise Reject(f"'{self.column}' is an empty list")
        return [self._row(row, element, number) for number, element in enumerate(elements)]

    def _row(self, row: Row, element: object, number: int) -> Row:
        position = {self.position: number} if self.position else {}
        return {**row, self.into or self.column: element, **position}
