"""Negatives that a model writes for pairs of texts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example, InvalidOutputError, Message, Row
from seedbed_tasks.text_task import TextTask, is_same, text_of


class HardNegativeTexts(TextTask):
    """Writes texts that seem to answer a question but don't, for each question with its answer.

    Reads `column` (the question) and `positive` (a text that answers it); adds `negative` (text). Each row
    comes back once for each of the `each` negatives. A negative that repeats the question, the answer or
    another one doesn't count. The step `hard-negatives` finds negatives among the other rows instead,
    without a model."""

    explains_output = True
    goals = ("retrieval",)
    keywords = ("embeddings", "triplets", "contrastive", "distractors", "reranker")
    example = Example(rows=[{"anchor": "Why do tides rise?", "positive": "The Moon pulls the sea."}])

    class Output(BaseModel):
        """The texts."""

        negatives: list[str] = Field(description="Texts that seem to answer the question, and don't.")

    column: str = Field(default="anchor", min_length=1, description="Column with the question.")
    positive: str = Field(default="positive", min_length=1, description="Column with its answer.")
    template: str = (
        "Question or query:\n{{ _text }}\n\nA text that answers it:\n{{ _positive }}\n\n"
        "Write {% if _each > 1 %}{{ _each }} different texts{% else %}a text{% endif %} of the same kind "
        "and length "
        "on the same subject, with words of the question, that {% if _each > 1 %}don't{% else "
        "%}doesn't{% endif %} "
        "answer it. What they say is true. Write JSON with the list `negatives`."
    )
    each: int = Field(default=1, ge=1, le=20, description="Negatives for each row.")

    @property
    def inputs(self) -> list[str]:
        """The columns of the pair, and those that the template reads besides."""
        return sorted({*super().inputs, self.positive})

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["negative"]

    def prompt_values(self) -> dict[str, Any]:
        """Return the number of negatives."""
        return {"_each": self.each}

    def format_input(self, input: Row) -> list[Message]:
        """Return the prompt for a pair."""
        return super().format_input({**input, "_positive": text_of(input, self.positive)})

    def format_output(self, output: str | None, input: Row | None) -> list[Row]:
        """Return a row for each negative that counts."""
        given = input or {}
        known = [text_of(given, self.column), text_of(given, self.positive)]
        made: dict[str, list[str]] = super().format_output(output, input)
        found: list[str] = []
        for text in map(str.strip, made["negatives"]):
            if text and not any(is_same(text, other) for other in [*known, *found]):
                found.append(text)
        if not found:
            raise InvalidOutputError("no negative differs from question and answer", text=output)
        return [{"negative": text} for text in found[: self.each]]
