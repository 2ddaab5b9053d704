"""Steps that add columns computed from others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field

from seedbed import Example, Expression, InvalidRowError, PromptTemplate, Row, Step, did_you_mean
from seedbed_data.texts import ColumnName, ExpressionText, TemplateText, value_of


class Map(Step):
    """Adds columns, or changes them, by expressions.

    Map(make={"words": "text.split() | length", "is_long": "words > 200"})

    Each expression sees the columns that come before it.
    """

    goals = ("shaping",)
    keywords = ("columns", "expressions", "computed")
    example = Example(rows=[{"price": 3, "count": 4}], parameters={"make": {"total": "price * count"}})

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    make: dict[ColumnName, ExpressionText] = Field(
        min_length=1, description="Expression of each column: {column: expression}."
    )

    @property
    def inputs(self) -> list[str]:
        """The columns that the expressions read and none of them has made before."""
        needed: list[str] = []
        made: set[str] = set()
        for column, text in self.make.items():
            needed += sorted(Expression(text).columns - made - set(needed))
            made.add(column)
        return needed

    @property
    def row_expressions(self) -> list[str]:
        """The expressions that read no column which another one makes, maybe of another type."""
        return [text for text in self.make.values() if not Expression(text).columns & self.make.keys()]

    @property
    def outputs(self) -> list[str]:
        """The columns that are made."""
        return list(self.make)

    def process(self, row: Row) -> Row:
        """Return the row with the columns."""
        made = dict(row)
        for column, text in self.make.items():
            made[column] = value_of(text)(made)
        return made

    def process_many(self, rows: Sequence[Row]) -> Iterable[Row]:
        """Do the same with many rows."""
        made = [row.copy() for row in rows]
        for column, text in self.make.items():
            value = value_of(text)
            for row in made:
                row[column] = value(row)
        return made


class Template(Step):
    """Adds a column of text by a template.

    Template(column="prompt", template="Answer briefly: {{ question }}")
    """

    goals = ("shaping",)
    keywords = ("Jinja", "prompt")
    example = Example(
        rows=[{"question": "Why?", "answer": "Because."}],
        parameters={"template": "Q: {{ question }}\nA: {{ answer }}"},
    )

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    column: str = Field(default="text", min_length=1, description="Column that is made.")
    template: TemplateText = Field(description="Jinja2 template over the columns of a row.")

    @property
    def inputs(self) -> list[str]:
        """The columns that the template reads."""
        return sorted(PromptTemplate(self.template).columns)

    @property
    def outputs(self) -> list[str]:
        """The column that is made."""
        return [self.column]

    def process(self, row: Row) -> Row:
        """Return the row with the text."""
        template = PromptTemplate(self.template)
        if not template.columns <= row.keys():
            # What the template says of it is for all rows: it stops a run.
            missing = min(template.columns - row.keys())
            raise InvalidRowError(f"the row has no column '{missing}'", *did_you_mean(missing, row))
        return {**row, self.column: template.render(row)}
