"""Texts for training embedding models, written for tasks: what the generators of this family share.

The method is that of Wang et al., 2024 (https://arxiv.org/abs/2401.00368): a model first thinks of tasks,
such as "find the law that a question is about". Then it writes texts for one task, with attributes drawn for
each row.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from pydantic import Field, FilePath, PrivateAttr

from seedbed import (
    Citation,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    Reject,
    Row,
    UsageError,
    read_rows,
)
from seedbed_tasks.embedding_task_list import EMBEDDING_TASKS
from seedbed_tasks.text_task import is_same

CITATION = Citation(
    "Improving Text Embeddings with Large Language Models",
    authors=("Liang Wang", "Nan Yang", "Xiaolong Huang", "Linjun Yang", "Rangan Majumder", "Furu Wei"),
    year=2024,
    arxiv="2401.00368",
)
CLARITIES = ("clear", "understandable with some effort", "ambiguous")
EDUCATION = ("high school", "college", "PhD")
SCHOOLING = ("elementary school", "high school", "college")
_WORD = re.compile(r"\w+")
UNITS = ("sentence", "phrase", "passage")
HIGH_SCORES, LOW_SCORES = (4.0, 4.5, 5.0), (2.5, 3.0, 3.5)


def _has_only(names: Sequence[str], text: str) -> bool:
    words = {*_WORD.findall(text.casefold())}
    return bool(words) and words <= {*names}


def long_documents() -> GenerationParameters:
    """Return the parameters for two long documents, also in languages with several tokens for a word."""
    return GenerationParameters(max_tokens=4096, temperature=1.0)


class EmbeddingData(GeneratorTask):
    """A generator of this family: texts that a model writes as JSON, with attributes drawn for each row."""

    explains_output = True
    citation = CITATION

    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024, temperature=1.0),
        description="Sampling parameters; they override those of the LLM.",
    )
    language: str | list[str] = Field(
        default="English", min_length=1, description="Language of the texts, or several to draw from."
    )

    @property
    def outputs(self) -> list[str]:
        """The variables drawn, and what the model writes."""
        written = list(self.Output.model_fields) if self.Output else []
        return [*(self.sampled or ()), *written]

    def draw_language(self, rng: random.Random) -> str:
        """Return the language of a row."""
        return self.language if isinstance(self.language, str) else rng.choice(self.language)

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the texts; empty ones are asked for again, and texts that are the same are rejected."""
        row: Row = super().format_output(output, input)
        texts = {name: str(value).strip() for name, value in row.items()}
        if empty := [name for name, text in texts.items() if not text]:
            raise InvalidOutputError(f"{empty[0]} is empty")
        names = list(texts)
        if echoes := [name for name, text in texts.items() if _has_only(names, text)]:
            raise InvalidOutputError(f"{echoes[0]} is the name of a field, not a text")
        pairs = ((one, other) for place, one in enumerate(names) for other in names[place + 1 :])
        for one, other in pairs:
            if is_same(texts[one], texts[other]):
                raise Reject(f"{one} and {other} are the same")
        return texts


class TaskData(EmbeddingData):
    """A generator whose texts are for a task that is drawn for each row."""

    tasks: list[str] = Field(
        default=[], description="Tasks to write texts for; by default a list of our own for this category."
    )
    tasks_from: FilePath | None = Field(
        default=None,
        description="File with tasks: rows of `embedding-tasks`, of which those of this category count.",
    )

    _drawn_from: list[str] = PrivateAttr(default_factory=list)

    def category(self) -> str:
        """Return the category of tasks: the registered name of the generator."""
        raise NotImplementedError

    def draw_task(self, rng: random.Random) -> str:
        """Return the task of a row."""
        if not self._drawn_from:
            self._drawn_from = self._all_tasks()
        return rng.choice(self._drawn_from)

    def _all_tasks(self) -> list[str]:
        given = [*self.tasks, *self._tasks_of_file()]
        if not given and self.tasks_from is None:
            return list(EMBEDDING_TASKS[self.category()])
        found = [task.strip() for task in given if task.strip()]
        if not found:
            raise UsageError(
                f"'{self.tasks_from or 'tasks'}' has no task of the category '{self.category()}'",
                f"make some: seedbed run embedding-tasks --set categories='[\"{self.category()}\"]' ...",
            )
        return found

    def _tasks_of_file(self) -> list[str]:
        if self.tasks_from is None:
            return []
        rows = read_rows(self.tasks_from)
        return [str(row["task"]) for row in rows if "task" in row and self._is_mine(row)]

    def _is_mine(self, row: Row) -> bool:
        return bool(row.get("category", self.category()) == self.category())
