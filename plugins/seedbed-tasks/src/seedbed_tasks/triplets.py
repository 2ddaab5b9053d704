"""Triplets of texts in one language: one that means nearly the same, and one that means less of it."""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example
from seedbed_tasks.embedding_data import HIGH_SCORES, LOW_SCORES, SCHOOLING, UNITS, EmbeddingData
from seedbed_tasks.topics import TOPICS


class Triplets(EmbeddingData):
    """Triplets for semantic similarity: a text, one nearly like it, and a hard negative.

    Makes `unit`, `difficulty`, `language` (drawn), `high_score` and `low_score` (numbers up to 5, drawn:
    how alike the anchor is to positive and negative), `anchor`, `positive` and `negative` (texts). The
    method is the monolingual STS category of Wang et al., 2024 (https://arxiv.org/abs/2401.00368), with its
    attributes.

    Differences from the paper: a subject is drawn for each row, so that rows differ by more than temperature;
    triplets with two equal texts are rejected.
    """

    goals = ("retrieval",)
    keywords = ("embeddings", "semantic textual similarity", "sts", "hard negatives", "contrastive", "e5")
    example = Example()
    sampled = ("unit", "difficulty", "high_score", "low_score", "language")

    class Output(BaseModel):
        """The texts."""

        anchor: str = Field(description="A text.")
        positive: str = Field(description="A text that is as much like it as the high score says.")
        negative: str = Field(description="A text that is as much like it as the low score says.")

    template: str = (
        "Write three texts, each a {{ unit }} in {{ language }}, as JSON: `anchor`, `positive` and "
        "`negative`. On "
        "a scale from 1 (other meaning) to 5 (same meaning), `anchor` and `positive` are alike by "
        "{{ high_score }}, `anchor` and `negative` by {{ low_score }}.\n\n"
        "- The subject is {{ _subject }}, or something near it.\n"
        "- `positive` uses other words than `anchor`; `negative` may share words with it.\n"
        "- The texts need {{ difficulty }} education, and don't say how alike they are."
    )

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw the attributes of one row."""
        return {
            "unit": rng.choice(UNITS),
            "difficulty": rng.choice(SCHOOLING),
            "high_score": rng.choice(HIGH_SCORES),
            "low_score": rng.choice(LOW_SCORES),
            "language": self.draw_language(rng),
            "_subject": rng.choice(TOPICS),
        }
