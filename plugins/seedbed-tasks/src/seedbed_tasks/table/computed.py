"""Columns that are computed from others."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from seedbed import Expression, Row, UsageError
from seedbed_tasks.table.column import Column


class Computed(Column):
    """The value of an expression over other columns, as in the step `map`.

    Computed(expression="price * quantity")
    """

    kind: Literal["expression"] = "expression"
    expression: str = Field(description="Jinja2 expression over other columns, in the sandbox of templates.")

    @field_validator("expression")
    @classmethod
    def _check_expression(cls, text: str) -> str:
        try:
            Expression(text)
        except UsageError as error:
            raise ValueError(error.fact) from error
        return text

    @property
    def reads(self) -> frozenset[str]:
        """The columns that the expression reads."""
        return Expression(self.expression).columns

    def value(self, row: Row) -> Any:
        """Return the value for a row; raise InvalidRowError if it has none."""
        return Expression(self.expression).value(row)
