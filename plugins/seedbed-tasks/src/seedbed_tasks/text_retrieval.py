"""Queries with documents that answer them, and documents that only seem to."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from pydantic import BaseModel, Field, PositiveInt

from seedbed import Example, GenerationParameters
from seedbed_tasks.embedding_data import CLARITIES, EDUCATION, TaskData, long_documents

QUERY_TYPES = ("extremely long-tail", "long-tail", "common")
QUERY_LENGTHS = ("less than 5 words", "5 to 15 words", "at least 10 words")
WORDS = (50, 100, 200, 300, 400, 500)


class TextRetrieval(TaskData):
    """Queries with a document that answers each, and a hard negative: triplets for retrieval.

    Makes `task`, `query_type`, `query_length`, `clarity`, `difficulty`, `language` (drawn), `num_words` (an
    integer, drawn), and `anchor` (the query), `positive` and `negative` (documents). The method is the
    short-long category of Wang et al., 2024 (https://arxiv.org/abs/2401.00368), with its attributes.

    Differences from the paper: tasks come from a list of ours, `tasks`, or a file of `embedding-tasks`;
    triplets with two equal texts are rejected; columns have the names that other steps use."""

    goals = ("retrieval",)
    keywords = ("embeddings", "triplets", "queries", "hard negatives", "search", "contrastive", "e5")
    example = Example(
        {
            "tasks": ["Given a question about bees, retrieve texts that answer it."],
            "words": [20],
            "generation": {"max_tokens": 250, "temperature": 0.7},
        }
    )
    sampled: ClassVar[tuple[str, ...] | None] = (
        "task",
        "query_type",
        "query_length",
        "clarity",
        "difficulty",
        "num_words",
        "language",
    )

    class Output(BaseModel):
        """The texts."""

        anchor: str = Field(description="What a user asks for in this task.")
        positive: str = Field(description="A document that answers the query.")
        negative: str = Field(
            description="A document that is alike, and answers the query worse or not at all."
        )

    template: str = (
        "Task for a search engine: {{ task }}\n\n"
        "Write an example of it as JSON: `anchor`, a query; `positive`, a document that is relevant to it; "
        "and `negative`, a document that looks relevant and isn't.\n\n"
        "- The query is {{ query_type }}, has {{ query_length }}, is {{ clarity }}, and on various "
        "subjects.\n"
        "- Each document has at least {{ num_words }} words, and doesn't say whether it's relevant.\n"
        "- The documents don't repeat the query, nor each other; some of what they say has to do with it.\n"
        "- The texts are in {{ language }}, and need the education of a {{ difficulty }} student.\n"
        "- Be creative, and don't copy the task."
    )
    generation: GenerationParameters = Field(
        default_factory=long_documents,
        description="Sampling parameters; they override those of the LLM.",
    )
    words: list[PositiveInt] = Field(
        default=list(WORDS), min_length=1, description="Least words of the documents, to draw from."
    )

    def category(self) -> str:
        """Return the category of tasks."""
        return "text-retrieval"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw task and attributes of one row."""
        return {
            "task": self.draw_task(rng),
            "query_type": rng.choice(QUERY_TYPES),
            "query_length": rng.choice(QUERY_LENGTHS),
            "clarity": rng.choice(CLARITIES),
            "difficulty": rng.choice(EDUCATION),
            "num_words": rng.choice(self.words),
            "language": self.draw_language(rng),
        }
