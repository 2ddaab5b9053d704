"""A step that finds, for each question, texts that are like its answer and aren't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any, NamedTuple

from pydantic import Field

from seedbed import Embedder, Example, GlobalStep, InvalidRowError, Row
from seedbed_data.vectors import numpy_module, unit
from seedbed_data.words import type_name

_BLOCK_BYTES = 32 * 2**20
"""Bytes of the similarities that are computed at once: there are rows times positives of them."""


class _Pairs(NamedTuple):
    """The rows' anchors and positives as numbers of distinct texts."""

    anchors: list[str]
    positives: list[str]
    anchor_of: list[int]
    positive_of: list[int]


class HardNegatives(GlobalStep):
    """Adds to each pair of texts those of other rows that are most like the first: triplets for retrieval.

    HardNegatives(embedder="static/wordllama", anchor="question", positive="passage", each=2)

    Each row comes back once for each negative: the positives of other rows, most similar to the row's anchor
    first. What is so similar to the row's own positive that it may answer as well (`same_above`) is no
    negative, nor is a positive of an equal anchor. A row for which too few are left comes back less often, or
    not at all.
    """

    goals = ("shaping", "retrieval")
    keywords = ("triplets", "contrastive", "mining", "embeddings")
    example = Example(
        rows=[
            {"anchor": "Why do tides rise?", "positive": "The Moon pulls the sea."},
            {"anchor": "Why is the sea salty?", "positive": "Rivers bring salt to the sea."},
        ],
        parameters={"embedder": "static/wordllama"},
    )

    embedder: Embedder = Field(description="What makes the vectors.")
    anchor: str = Field(default="anchor", min_length=1, description="Column with the question.")
    positive: str = Field(default="positive", min_length=1, description="Column with its answer.")
    into: str = Field(default="negative", min_length=1, description="Column for the negatives.")
    each: int = Field(default=1, ge=1, description="Negatives for each row.")
    skip: int = Field(default=0, ge=0, description="How many of the most similar ones to pass over.")
    same_above: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Cosine similarity to the positive from which a text counts as one, too.",
    )
    similarity: str = Field(
        default="", description="Column for the cosine similarity of anchor and negative, if wanted."
    )

    @property
    def inputs(self) -> list[str]:
        """The columns of the pairs."""
        return [self.anchor, self.positive]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What compares vectors."""
        return {"numpy": "seedbed-data[embeddings]"}

    def process(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield each row with its negatives, in the order of the rows."""
        numpy = numpy_module()
        given = rows if isinstance(rows, Sized) else list(rows)
        pairs = self._pairs(given)
        if not pairs.anchors:
            return
        # Distinct texts alone: a passage with five questions is embedded once.
        anchors = unit(self.embedder.vectors(pairs.anchors))
        positives = unit(self.embedder.vectors(pairs.positives))
        own = [set[int]() for _ in pairs.anchors]
        for anchor, positive in zip(pairs.anchor_of, pairs.positive_of, strict=True):
            own[anchor].add(positive)
        size = max(1, _BLOCK_BYTES // (4 * len(pairs.positives)))
        remaining = iter(given)
        for start in range(0, len(pairs.anchor_of), size):
            chosen = slice(start, start + size)
            of_anchors, of_positives = pairs.anchor_of[chosen], pairs.positive_of[chosen]
            near = anchors[of_anchors] @ positives.T
            same = positives[of_positives] @ positives.T >= self.same_above
            for row_near, row_same, anchor in zip(near, same, of_anchors, strict=True):
                row = next(remaining)
                row_same[list(own[anchor])] = True
                found = self._chosen(numpy, row_near, row_same)
                yield from (self._triplet(row, pairs.positives[one], row_near[one]) for one in found)

    def _pairs(self, rows: Iterable[Row]) -> _Pairs:
        known: tuple[dict[str, int], dict[str, int]] = ({}, {})
        numbers: tuple[list[int], list[int]] = ([], [])
        for place, row in enumerate(rows, 1):
            for column, texts, of_rows in zip((self.anchor, self.positive), known, numbers, strict=True):
                if not isinstance(text := row.get(column), str):
                    found = f"is {type_name(text)}, not text" if column in row else "isn't there"
                    raise InvalidRowError(
                        f"'{column}' {found}, in row {place} of those that come to the step",
                        f"leave such rows out before: use: filter, with: {{keep: {column} is string}}",
                    )
                of_rows.append(texts.setdefault(text, len(texts)))
        return _Pairs([*known[0]], [*known[1]], *numbers)

    def _chosen(self, numpy: Any, near: Any, excluded: Any) -> list[int]:
        """Return the numbers of the negatives; of equally similar ones, those of earlier rows."""
        near = numpy.where(excluded, -numpy.inf, near)
        wanted = min(self.skip + self.each, len(near))
        # Not a full sort, which would take most of the time. Equal ones at the end of the choice are all
        # looked at, so that chance doesn't pick among them.
        least = numpy.partition(near, len(near) - wanted)[len(near) - wanted]
        (candidates,) = (near >= least).nonzero()
        best = candidates[numpy.argsort(-near[candidates], kind="stable")]
        return [int(one) for one in best[self.skip : wanted] if near[one] > -numpy.inf]

    def _triplet(self, row: Row, negative: str, similarity: Any) -> Row:
        told = {self.similarity: round(float(similarity), 4)} if self.similarity else {}
        return {**row, self.into: negative, **told}
