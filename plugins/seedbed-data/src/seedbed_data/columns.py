"""Steps that choose and name columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import ClassVar

from pydantic import Field, model_validator

from seedbed import Example, InvalidRowError, Row, Step, did_you_mean
from seedbed_data.texts import ColumnName, check_distinct


class Select(Step):
    """Keeps some columns, in the order given.

    Select(only=["question", "answer"])
    """

    goals = ("shaping",)
    example = Example(rows=[{"id": 1, "text": "a", "raw": "b"}], parameters={"only": ["text", "id"]})

    repeatable: ClassVar[bool] = True

    only: list[str] = Field(min_length=1, description="Columns that stay.")

    @property
    def inputs(self) -> list[str]:
        """The columns that stay."""
        return self.only

    @property
    def outputs(self) -> list[str]:
        """The columns that stay."""
        return self.only

    def process(self, row: Row) -> Row:
        """Return the row with these columns alone."""
        return {column: row[column] for column in self.only}

    def process_many(self, rows: Sequence[Row]) -> Iterable[Row]:
        """Do the same with many rows."""
        columns = [*dict.fromkeys(self.only)]
        if len(columns) == 1:
            return map(self.process, rows)
        return [dict(zip(columns, values, strict=True)) for values in map(itemgetter(*columns), rows)]


class Drop(Step):
    """Removes columns.

    Drop(without=["raw", "score"])
    """

    goals = ("shaping",)
    example = Example(rows=[{"text": "a", "raw": "b"}], parameters={"without": ["raw"]})

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    without: list[str] = Field(min_length=1, description="Columns that are removed.")

    @property
    def inputs(self) -> list[str]:
        """The columns that are removed: a name that no row has is a mistake."""
        return self.without

    @property
    def removes(self) -> list[str]:
        """The same columns."""
        return self.without

    def process(self, row: Row) -> Row:
        """Return the row without these columns."""
        return {column: value for column, value in row.items() if column not in self.without}

    def process_many(self, rows: Sequence[Row]) -> Iterable[Row]:
        """Do the same with many rows."""
        without = frozenset(self.without)
        return [{column: value for column, value in row.items() if column not in without} for row in rows]


class Rename(Step):
    """Gives columns other names, and leaves them in their place.

    Rename(names={"prompt": "instruction", "completion": "output"})
    """

    goals = ("shaping",)
    example = Example(
        rows=[{"q": "Why?", "a": "Because."}], parameters={"names": {"q": "question", "a": "answer"}}
    )

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    names: dict[str, ColumnName] = Field(min_length=1, description="New name of each column: {old: new}.")

    @model_validator(mode="after")
    def _check_names(self) -> Rename:
        check_distinct(self.names.values())
        return self

    @property
    def inputs(self) -> list[str]:
        """The columns that are renamed."""
        return list(self.names)

    @property
    def outputs(self) -> list[str]:
        """The new names."""
        return list(self.names.values())

    @property
    def removes(self) -> list[str]:
        """The old names that aren't another column's new one."""
        return [name for name in self.names if name not in self.names.values()]

    def process(self, row: Row) -> Row:
        """Return the row under the new names."""
        if not row.keys() >= self.names.keys():
            missing = next(name for name in self.names if name not in row)
            raise InvalidRowError(f"the row has no column {missing!r}", *did_you_mean(missing, row))
        renamed = {self.names.get(column, column): value for column, value in row.items()}
        if len(renamed) < len(row):
            new = [name for name in self.names.values() if name in row]
            raise InvalidRowError(
                f"two columns would have the name {', '.join(map(repr, new))}",
                "drop or rename the other one first",
            )
        return renamed
