"""Pairs of long texts that match."""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example, GenerationParameters, InvalidOutputError, Row
from seedbed_tasks.embedding_data import TaskData, long_documents

_SHORTEST = 50
"""Characters of a document: fewer are a title, also where words have no spaces between them."""


class TextMatchingLong(TaskData):
    """Pairs of long texts that match, such as reports and abstracts, for embedding models.

    Makes `task` and `language` (drawn), `anchor` and `positive` (documents). The method is the long-long
    category of Wang et al., 2024 (https://arxiv.org/abs/2401.00368).

    Differences from the paper: tasks come from a list of ours, `tasks`, or a file of `embedding-tasks`;
    pairs of equal texts are rejected, and texts of less than 50 characters are asked for again."""

    goals = ("retrieval",)
    keywords = ("embeddings", "pairs", "documents", "similarity", "symmetric", "contrastive", "e5")
    example = Example(
        {
            "tasks": ["Match a bug report with a duplicate of it.", "Match two reports of one storm."],
            "generation": {"max_tokens": 300},
        }
    )
    sampled = ("task", "language")

    class Output(BaseModel):
        """The texts."""

        anchor: str = Field(description="A long document for the task.")
        positive: str = Field(description="A long document that matches it.")

    template: str = (
        "Two documents match if they fit this task: {{ task }}\n\n"
        "Write two such documents in {{ language }} as JSON:\n"
        "- `anchor`: a document of several paragraphs on a subject of your choice\n"
        "- `positive`: another one, as long, that matches it and shares few phrases with it\n\n"
        "Be creative, and don't copy the task."
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

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the texts; one that isn't a document is asked for again."""
        row = super().format_output(output, input)
        if short := [name for name, text in row.items() if len(text) < _SHORTEST]:
            raise InvalidOutputError(f"{short[0]} is too short for a document", text=output)
        return row
