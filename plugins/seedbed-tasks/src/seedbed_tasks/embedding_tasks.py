"""Tasks for embedding models, which the other generators of the family write texts for."""

from __future__ import annotations

import random
from typing import Any, ClassVar, Literal

from pydantic import Field

from seedbed import Example, GenerationParameters, GeneratorTask, InvalidOutputError, Row
from seedbed.reading import read_list
from seedbed_tasks.embedding_data import CITATION
from seedbed_tasks.embedding_task_list import EMBEDDING_TASKS
from seedbed_tasks.text_task import is_part
from seedbed_tasks.topics import TOPICS

Category = Literal["text-retrieval", "text-matching-short", "text-matching-long", "text-classification-data"]

_WHAT: dict[str, str] = {
    "text-retrieval": "retrieval tasks: given a short query, find long documents that answer it. Say "
    "what the "
    "query is and what the documents are",
    "text-matching-short": "matching tasks in which both texts are short: a phrase, a title, a sentence. "
    "Say what "
    "the two texts are, and what makes them match",
    "text-matching-long": "matching tasks in which both texts are long documents. Say what the two "
    "documents are, "
    "and what makes them match",
    "text-classification-data": "classification tasks for longer texts. Say what the text is, and what "
    "the labels "
    "are about",
}
_FEWEST, _MOST = 4, 60


class EmbeddingTasks(GeneratorTask):
    """Tasks for embedding models, which text-retrieval and its relatives write texts for.

    Makes `category` (one of `categories`, drawn) and `task` (text); one call writes `tasks_per_call` of
    them. No task comes twice. Write its rows to a file and give that to the others as `tasks_from`. The
    method is the brainstorm of Wang et al., 2024 (https://arxiv.org/abs/2401.00368).

    Differences from the paper: the prompt also names a subject and shows three examples, both drawn for each
    call, so that calls differ by more than temperature. As there, the symmetric categories need no tasks.
    Calls run at once and each counts on one row, so a run may make as many calls as it has rows: for few
    rows, ask for few tasks in a call.
    """

    goals = ("retrieval",)
    keywords = ("embeddings", "brainstorm", "contrastive", "e5", "sentence transformers")
    citation = CITATION
    example = Example({"categories": ["text-retrieval"], "tasks_per_call": 3}, n=2)
    unique = ("task",)
    sampled = ("category",)
    refuses_cut: ClassVar[bool] = True

    template: str = (
        "Think of {{ _count }} different {{ _what }}. One sentence each, in a numbered list and nothing "
        "else. At least one of them is about {{ _subject }}.\n\nExamples:\n"
        "{% for task in _examples %}- {{ task }}\n{% endfor %}"
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=2048, temperature=1.0),
        description="Sampling parameters; they override those of the LLM.",
    )
    categories: list[Category] = Field(
        default=["text-retrieval", "text-matching-short", "text-matching-long", "text-classification-data"],
        min_length=1,
        description="Categories to draw from: the names of the generators that use the tasks.",
    )
    tasks_per_call: int = Field(default=20, ge=1, le=50, description="Tasks to ask for in each call.")

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["category", "task"]

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw category, subject and examples of one call."""
        category = rng.choice(self.categories)
        return {
            "category": category,
            "_what": _WHAT[category],
            "_count": self.tasks_per_call,
            "_subject": rng.choice(TOPICS),
            "_examples": rng.sample(EMBEDDING_TASKS[category], 3),
        }

    def format_output(self, output: str | None, input: Row | None) -> list[Row]:
        """Return the tasks of an answer, without the examples of the prompt."""
        examples = (input or {}).get("_examples", [])
        found: dict[str, None] = {}
        for line in read_list(output or "", lines=True):
            task = " ".join(line.split()).strip("\"'*")
            is_copy = any(is_part(example, task) for example in examples)
            if _FEWEST <= len(task.split()) <= _MOST and not is_copy:
                found[task] = None
        if not found:
            raise InvalidOutputError("there's no task in the list", text=output)
        return [{"task": task} for task in list(found)[: self.tasks_per_call]]
