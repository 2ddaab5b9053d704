"""Texts with labels, and labels that mislead."""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example
from seedbed_tasks.embedding_data import CLARITIES, EDUCATION, TaskData


class TextClassificationData(TaskData):
    """Texts for classification tasks, each with its label and one that misleads.

    Makes `task`, `clarity`, `difficulty` and `language` (drawn), `text`, `label` and `misleading_label`
    (texts). The method is the long-short category of Wang et al., 2024 (https://arxiv.org/abs/2401.00368),
    with its attributes.

    Differences from the paper: tasks come from a list of ours, `tasks`, or a file of `embedding-tasks`;
    rows with two equal texts are rejected. To label texts that you have, use `classify`."""

    goals = ("classification", "retrieval")
    keywords = ("embeddings", "labels", "synthetic texts", "zero-shot", "e5")
    example = Example(
        {
            "tasks": ["Tell which emotion the author of a diary entry feels."],
            "generation": {"max_tokens": 120, "temperature": 0.7},
        }
    )
    sampled = ("task", "clarity", "difficulty", "language")

    class Output(BaseModel):
        """The text and its labels."""

        text: str = Field(description="A text to classify.")
        label: str = Field(description="The label that is right for it.")
        misleading_label: str = Field(description="A label of the task that is wrong, but near.")

    template: str = (
        "Classification task: {{ task }}\n\nWrite an example of it as JSON:\n"
        "- `text`: a text to classify that doesn't name its label; it's {{ clarity }}, in {{ language }}, "
        "and needs the education of a {{ difficulty }} student\n"
        "- `label`: the right label\n"
        "- `misleading_label`: a wrong label of the same task that seems to fit\n\n"
        "Be creative, and don't copy the task."
    )

    def category(self) -> str:
        """Return the category of tasks."""
        return "text-classification-data"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw task and attributes of one row."""
        return {
            "task": self.draw_task(rng),
            "clarity": rng.choice(CLARITIES),
            "difficulty": rng.choice(EDUCATION),
            "language": self.draw_language(rng),
        }
