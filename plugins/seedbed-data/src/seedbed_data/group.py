"""A step that makes one row of all rows with the same key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import Field, model_validator

from seedbed import Example, Expression, GlobalStep, InvalidRowError, Row, did_you_mean
from seedbed_data.equal_values import key_of
from seedbed_data.texts import ColumnName, ExpressionText


class Group(GlobalStep):
    """Makes one row of all rows that agree in some columns.

    Group(by=["document"], make={"questions": "question", "count": "question | length"})

    In an expression each column is the list of its values, in the order of the rows; a row without a column
    counts as one with null, also in `by`. Without `make`, every other column becomes its list. Groups come in
    the order of their first rows.
    """

    goals = ("shaping",)
    keywords = ("aggregate", "group by")
    example = Example(
        rows=[{"topic": "sea", "text": "salty"}, {"topic": "sea", "text": "blue"}],
        parameters={"by": ["topic"]},
    )

    by: list[str] = Field(min_length=1, description="Columns in which the rows of a group agree.")
    make: dict[ColumnName, ExpressionText] = Field(
        default_factory=dict, description="Expression of each column, over lists: {column: expression}."
    )

    @model_validator(mode="after")
    def _check_names(self) -> Group:
        if both := [column for column in self.make if column in self.by]:
            raise ValueError(f"'{both[0]}' is in `by` and in `make`")
        return self

    @property
    def inputs(self) -> list[str]:
        """The columns of the key, and those that the expressions read."""
        read = {column for text in self.make.values() for column in Expression(text).columns}
        return [*self.by, *sorted(read.difference(self.by))]

    @property
    def outputs(self) -> list[str]:
        """The columns of the key, and those that are made."""
        return [*self.by, *self.make]

    def process(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield one row per group."""
        groups: dict[str, list[Row]] = {}
        for row in rows:
            key = key_of([row.get(column) for column in self.by])
            groups.setdefault(key, []).append(row)
        self._check_columns(groups)
        for members in groups.values():
            yield self._row(members)

    def _check_columns(self, groups: Mapping[str, list[Row]]) -> None:
        """Raise InvalidRowError if no row has a column of the key: all would be one group."""
        rows = [row for members in groups.values() for row in members]
        for column in self.by:
            if any(column in row for row in rows):
                continue
            if known := {name for row in rows for name in row}:
                raise InvalidRowError(f"no row has the column '{column}'", *did_you_mean(column, known))

    def _row(self, members: list[Row]) -> Row:
        key = {column: members[0].get(column) for column in self.by}
        columns = self._columns(members)
        lists: dict[str, list[Any]] = {column: [row.get(column) for row in members] for column in columns}
        if not self.make:
            return key | lists
        try:
            return key | {column: Expression(text).value(lists) for column, text in self.make.items()}
        except InvalidRowError as error:
            whose = ", ".join(f"'{column}' {value!r:.60}" for column, value in key.items())
            raise InvalidRowError(f"{error.fact}, in the group of {whose}", *error.advice) from error

    def _columns(self, members: list[Row]) -> list[str]:
        if self.make:
            return self.inputs
        found = dict.fromkeys(column for row in members for column in row)
        return [column for column in found if column not in self.by]
