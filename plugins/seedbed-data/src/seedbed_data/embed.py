"""A step that adds the vectors of texts."""

from __future__ import annotations

from typing import Any, ClassVar

import orjson
from pydantic import Field

from seedbed import Embedder, Example, Row, Step
from seedbed_data.words import text_of


class Embed(Step):
    """Adds a column with the vector of a text.

    Embed(embedder="openai/text-embedding-3-small", by=["question"], into="vector")

    Texts of rows that are embedded at the same time share a request, as many as the embedder's `batch_size`.
    """

    goals = ("shaping", "retrieval")
    keywords = ("embeddings", "vectors")
    example = Example(rows=[{"text": "The tide is rising."}], parameters={"embedder": "static/wordllama"})

    keeps: ClassVar[bool] = True

    by: list[str] = Field(default=["text"], min_length=1, description="Columns with the text.")
    embedder: Embedder = Field(description="What makes the vectors.")
    into: str = Field(default="vector", min_length=1, description="Column for the vectors.")

    @property
    def inputs(self) -> list[str]:
        """The columns with the text."""
        return self.by

    @property
    def outputs(self) -> list[str]:
        """The column for the vectors."""
        return [self.into]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What holds vectors."""
        return {"numpy": "seedbed-data[embeddings]"}

    async def prepare(self, row: Row) -> Any:
        """Return the vector of the text."""
        return (await self.embedder.avectors([text_of(row, self.by)]))[0]

    def process(self, row: Row, prepared: Any = None) -> Row:
        """Return the row with its vector: a list of numbers, with as many digits as 32-bit floats have."""
        vector = self.embedder.vectors([text_of(row, self.by)])[0] if prepared is None else prepared
        # As 64-bit floats they'd be written with digits that mean nothing, in twice the space.
        digits = orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY)
        return {**row, self.into: orjson.loads(digits)}
