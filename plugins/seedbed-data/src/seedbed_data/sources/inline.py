"""A source of rows that stand in the pipeline file itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from seedbed import Example, GeneratorOutput, GeneratorStep, Row, types_of_rows


class Rows(GeneratorStep):
    """Gives the rows that it's given.

    Rows(rows=[{"topic": "tides"}, {"topic": "glaciers"}])
    """

    goals = ("reading",)
    keywords = ("inline",)
    example = Example(parameters={"rows": [{"text": "a"}, {"text": "b"}]})

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    rows: list[Row] = Field(min_length=1, description="The rows, each a dictionary of columns.")

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows, beginning with number `offset`."""
        yield from self.rows[offset:]

    def column_types(self) -> Mapping[str, Any] | None:
        """Return the columns of the rows."""
        return types_of_rows(self.rows)

    def place_of(self, number: int) -> str:
        """Return the line of a row, if the pipeline file has one for each."""
        return self.place_of_entry("rows", number)
