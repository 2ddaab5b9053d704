"""Texts in two languages: a translation, and one that means less of it."""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example
from seedbed_tasks.embedding_data import HIGH_SCORES, LOW_SCORES, SCHOOLING, UNITS, EmbeddingData
from seedbed_tasks.topics import TOPICS


class Bitext(EmbeddingData):
    """Texts with a translation, and a hard negative in the other language, for embeddings across languages.

    Makes `unit`, `difficulty`, `language` and `target_language` (drawn), `high_score` and `low_score`
    (numbers up to 5, drawn: how well positive and negative translate the anchor), `anchor`, `positive` and
    `negative` (texts). The method is the bitext category of Wang et al., 2024
    (https://arxiv.org/abs/2401.00368), with its attributes.

    Differences from the paper: a subject is drawn for each row, so that rows differ by more than temperature;
    triplets with two equal texts are rejected.
    """

    goals = ("retrieval", "translation")
    keywords = ("embeddings", "parallel corpus", "multilingual", "cross-lingual", "hard negatives", "e5")
    example = Example({"target_language": "French"})
    sampled = ("unit", "difficulty", "high_score", "low_score", "language", "target_language")

    class Output(BaseModel):
        """The texts."""

        anchor: str = Field(description="A text in the first language.")
        positive: str = Field(description="A translation of it, as good as the high score says.")
        negative: str = Field(description="A text in the second language that translates it worse.")

    template: str = (
        "Write three texts, each a {{ unit }}, as JSON: `anchor` in {{ language }}, `positive` and "
        "`negative` in "
        "{{ target_language }}. On a scale from 1 (another meaning) to 5 (the same meaning), `positive` "
        "translates `anchor` by {{ high_score }}, and `negative` by {{ low_score }}: it looks like a "
        "translation, "
        "and says something else in part.\n\n"
        "- The subject is {{ _subject }}, or something near it.\n"
        "- The texts need {{ difficulty }} education, and don't say how good the translation is."
    )
    target_language: str | list[str] = Field(
        default=["Chinese", "French", "German", "Hindi", "Portuguese", "Spanish"],
        min_length=1,
        description="Language of the translations, or several to draw from.",
    )

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw the attributes of one row."""
        target = self.target_language
        return {
            "unit": rng.choice(UNITS),
            "difficulty": rng.choice(SCHOOLING),
            "high_score": rng.choice(HIGH_SCORES),
            "low_score": rng.choice(LOW_SCORES),
            "language": self.draw_language(rng),
            "target_language": target if isinstance(target, str) else rng.choice(target),
            "_subject": rng.choice(TOPICS),
        }
