"""Pairs of long texts that match."""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example, GenerationParameters
from seedbed_tasks.embedding_data import TaskData, long_documents


class TextMatchingLong(TaskData):
    """Pairs of long texts that match, such as reports and abstracts, for embedding models.

    Makes `task` and `language` (drawn), `anchor` and `positive` (documents). The method is the long-long
    category of Wang et al., 2024 (https://arxiv.org/abs/2401.00368).

    Differences from the paper: tasks come from a list of ours, `tasks`, or a file of `embedding-tasks`;
    pairs of equal texts are rejected."""

    goals = ("retrieval",)
    keywords = ("embeddings", "pairs", "documents", "similarity", "symmetric", "contrastive", "e5")
    example = Example(
        {"tasks": ["Match a bug report with a duplicate of it.", "Match two reports of one storm."]}
    )
    sampled = ("task", "language")

    class Output(BaseModel):
        """The texts."""

        anchor: str = Field(description="A long document for the task.")
        positive: str = Field(description="A long document that matches it.")

    template: str = (
        "Matching task: {{ task }}\n\nWrite an example of it as JSON: `anchor`, a document, and "
        "`positive`, a "
        "document that matches it. Both are long, several paragraphs, and in {{ language }}. They share few "
        "phrases. Be creative, and don't copy the task."
    )

    generation: GenerationParameters = Field(
        default_factory=long_documents,
        description="Sampling parameters; they override those of the LLM.",
    )

    def category(self) -> str:
        """Return the category of tasks."""
        return "text-matching-long"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw task and language of one row."""
        return {"task": self.draw_task(rng), "language": self.draw_language(rng)}
