"""Columns of vectors of other columns."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import orjson
from pydantic import Field

from seedbed import Embedder, Row
from seedbed_tasks.table.column import Column
from seedbed_tasks.table.written_as import EmbeddingModel


class Embedding(Column):
    """The vector of other columns' text, as a list of numbers.

    Embedding(of=["question"], embedder="openai/text-embedding-3-small")
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"embedder"})

    kind: Literal["embedding"] = "embedding"
    of: list[str] = Field(min_length=1, description="The columns with the text; several are joined by lines.")
    embedder: EmbeddingModel = Field(description="What makes the vectors, such as static/wordllama.")

    @property
    def reads(self) -> frozenset[str]:
        """The columns with the text."""
        return frozenset(self.of)

    async def vector(self, row: Row, embedder: Embedder) -> Any:
        """Return the vector of a row by the column's embedder, which a run binds to itself."""
        text = "\n".join(_text(row[name]) for name in self.of)
        vectors = await embedder.avectors([text])
        # With as many digits as 32-bit floats have: 64-bit ones would have digits that mean nothing.
        return orjson.loads(orjson.dumps(vectors[0], option=orjson.OPT_SERIALIZE_NUMPY))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
