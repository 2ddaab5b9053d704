"""A text that goes with a given one, and one that doesn't."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from seedbed import Example, InvalidOutputError, Row
from seedbed_tasks.text_task import TextTask, is_same, text_of

_ACTIONS = {
    "paraphrase": "says the same as the text in other words",
    "similar": "is on the same subject as the text and means something similar, without saying the same",
    "query": "is a question or search query that the text answers",
    "answer": "answers the text, which is a question or search query",
}
_EASY = "has nothing to do with the text"
_HARD = {
    "paraphrase": "uses much the same words, but means something else",
    "similar": "is on the same subject and uses the same words, but means something unlike it",
    "query": "asks nearly the same, but isn't answered by the text",
    "answer": "is on the subject of the text, but doesn't answer it",
}


class SentencePairs(TextTask):
    """Writes for each text one that goes with it, and one that doesn't: pairs and triplets for embeddings.

    Reads `column`; adds `positive` (text), and unless `negative` is none, `negative` (text). `action` says
    what the positive is to the text: a paraphrase, something similar, a query that it answers, or an answer
    to it. A text that is the same as another of the row is asked for again.
    """

    goals = ("retrieval",)
    keywords = ("embeddings", "triplets", "paraphrase", "hard negatives", "similarity", "contrastive")
    example = Example(
        rows=[
            {"anchor": "The tide comes in twice a day."},
            {"anchor": "Cats sleep for most of the day."},
            {"anchor": "She bought a red car last week."},
        ],
        parameters={"generation": {"max_tokens": 150}},
    )

    column: str = Field(default="anchor", min_length=1, description="Column with the text.")
    template: str = (
        "Text:\n{{ _text }}\n\n{% if _context %}{{ _context }}\n\n{% endif %}Write as JSON, without copying "
        "the text:\n- `positive`: a text that {{ _action }}\n"
        "{% if _negative %}- `negative`: a text of the kind and length of `positive` that {{ _negative }}\n"
        "{% endif %}"
    )
    action: Literal["paraphrase", "similar", "query", "answer"] = Field(
        default="paraphrase", description="What the positive text is to the given one."
    )
    negative: Literal["none", "easy", "hard"] = Field(
        default="hard", description="Whether to write a negative text, and how near it is."
    )
    context: str = Field(default="", description="What the texts are for or from, to tell the model.")

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["positive"] if self.negative == "none" else ["positive", "negative"]

    @property
    def answer_schema(self) -> type[BaseModel]:
        """An object with the texts."""
        return _texts(tuple(self.outputs))

    def prompt_values(self) -> dict[str, Any]:
        """Return what the texts are to be."""
        return {
            "_action": _ACTIONS[self.action],
            "_negative": {"none": "", "easy": _EASY, "hard": _HARD[self.action]}[self.negative],
            "_context": self.context,
        }

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the texts, if they differ from each other and from the given one."""
        row: Row = super().format_output(output, input)
        texts = {name: str(value).strip() for name, value in row.items()}
        earlier = {"the text": text_of(input or {}, self.column)}
        for name, text in texts.items():
            if not text:
                raise InvalidOutputError(f"{name} is empty")
            if same := [other for other in earlier if is_same(text, earlier[other])]:
                raise InvalidOutputError(f"{name} is the same as {same[0]}")
            earlier[name] = text
        return texts


@lru_cache(maxsize=8)
def _texts(names: tuple[str, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = dict.fromkeys(names, (str, ...))
    return create_model("Texts", **fields)
