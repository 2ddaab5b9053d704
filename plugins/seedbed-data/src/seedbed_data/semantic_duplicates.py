"""A step that rejects texts that mean nearly the same as earlier ones."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, model_validator

from seedbed import Embedder, Example, Reject, Row, Step, row_id
from seedbed_data.earlier_rows import like_row
from seedbed_data.vectors import SeenVectors, unit, vector_of
from seedbed_data.words import text_of


class DedupSemantic(Step):
    """Rejects rows whose text means nearly the same as that of an earlier row.

    DedupSemantic(by=["question"], embedder="static/wordllama", threshold=0.85)

    Texts are compared by the cosine similarity of their vectors, each with every earlier one that stayed. The
    result is exact, and depends on the order of the rows alone. Rejected rows of a generator upstream are
    replaced. Texts are embedded many at once, ahead of the comparison. If other steps need the vectors, too,
    have the step `embed` make them upstream, and name their column in `vector`.
    """

    goals = ("cleaning",)
    keywords = ("duplicates", "deduplication", "embeddings", "SemDeDup")
    example = Example(
        rows=[
            {"text": "The car is fast."},
            {"text": "The automobile is quick."},
            {"text": "Bees make honey."},
        ],
        parameters={"embedder": "static/wordllama", "threshold": 0.6},
    )

    # A row is compared with those before it, so what's first is kept whatever the timing.
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    by: list[str] = Field(default=["text"], min_length=1, description="Columns with the text.")
    embedder: Embedder | None = Field(default=None, description="What makes the vectors of the texts.")
    vector: str = Field(default="", description="A column that has the vectors, instead of an embedder.")
    threshold: float = Field(
        default=0.9, ge=0, le=1, description="Cosine similarity at which a row is rejected."
    )

    _seen: SeenVectors = PrivateAttr()
    _rows: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _check_vectors(self) -> Self:
        if (self.embedder is None) is not bool(self.vector):
            raise ValueError("give an `embedder`, such as static/wordllama, or a column as `vector`")
        return self

    @property
    def inputs(self) -> list[str]:
        """The columns that are compared."""
        return [self.vector] if self.vector else self.by

    def model_post_init(self, context: object, /) -> None:
        """Begin with no rows, also where no run calls `load`."""
        super().model_post_init(context)
        self._forget()

    @property
    def needed_packages(self) -> dict[str, str]:
        """What compares vectors."""
        return {"numpy": "seedbed-data[embeddings]"}

    def load(self) -> None:
        """Begin with no rows."""
        self._forget()

    def _forget(self) -> None:
        self._seen, self._rows = SeenVectors(self.threshold), []

    async def prepare(self, row: Row) -> Any:
        """Return the vector of the text, if there's an embedder."""
        return None if self.embedder is None else (await self.embedder.avectors([text_of(row, self.by)]))[0]

    def process(self, row: Row, prepared: Any = None) -> Row:
        """Return the row, or reject it."""
        vector = unit(vector_of(row, self.by, self.embedder, self.vector) if prepared is None else prepared)
        if (number := self._seen.nearest(vector)) is not None:
            raise Reject("means nearly the same as an earlier row", like_row(self._rows[number]))
        self._seen.add(vector)
        self._rows.append(row_id() or "")
        return row
