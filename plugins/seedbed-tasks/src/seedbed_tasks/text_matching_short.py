"""Pairs of short texts that match."""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example
from seedbed_tasks.embedding_data import TaskData


class TextMatchingShort(TaskData):
    """Pairs of short texts that match, such as titles, phrases and queries, for embedding models.

    Makes `task` and `language` (drawn), `anchor` and `positive` (short texts). The method is the
    short-short category of Wang et al., 2024 (https://arxiv.org/abs/2401.00368).

    Differences from the paper: tasks come from a list of ours, `tasks`, or a file of `embedding-tasks`;
    pairs of equal texts are rejected."""

    goals = ("retrieval",)
    keywords = ("embeddings", "pairs", "similarity", "symmetric", "contrastive", "e5")
    example = Example(
        {
            "tasks": ["Match a proverb with one that gives the same advice.", "Match two titles."],
            "generation": {"max_tokens": 80, "temperature": 0.7},
        }
    )
    sampled = ("task", "language")

    class Output(BaseModel):
        """The texts."""

        anchor: str = Field(description="A short text for the task.")
        positive: str = Field(description="A short text that matches it.")

    template: str = (
        "Two short texts match if they fit this task: {{ task }}\n\n"
        "Write two such texts in {{ language }} as JSON:\n"
        "- `anchor`: a sentence or a phrase on a subject of your choice\n"
        "- `positive`: another one that matches it, and shares few words with it\n\n"
        "Be creative, and don't copy the task."
    )

    def category(self) -> str:
        """Return the category of tasks."""
        return "text-matching-short"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw task and language of one row."""
        return {"task": self.draw_task(rng), "language": self.draw_language(rng)}
