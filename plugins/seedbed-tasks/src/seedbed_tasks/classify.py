"""Labels for texts, from a list of labels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model, field_validator

from seedbed import Example, InvalidOutputError, Row
from seedbed.reading import read_choice, read_choices, read_json
from seedbed_tasks.text_task import TextTask

Labels = list[str] | dict[str, str]


class Classify(TextTask):
    """Labels each text with one of the labels given, or with any number of them.

    Reads `column`; adds `label` (text), or with `several` the list `labels`, in the order in which they're
    given. The schema of the answer has only these labels, so a backend that enforces schemas gives no others.
    An answer of plain words is read as well.
    """

    goals = ("classification",)
    keywords = ("labels", "categories", "sentiment", "topics", "multi-label", "zero-shot", "annotation")
    example = Example(
        rows=[{"text": "The kettle broke after two days."}],
        parameters={"labels": {"praise": "says that it's good", "complaint": "says what's wrong"}},
    )

    template: str = (
        "Text:\n{{ _text }}\n\n"
        "{% if _several %}Which of these labels fit the text? None, one or several of them.{% else %}"
        "Which of these labels fits the text best? Exactly one of them.{% endif %}\n"
        "{% for label, meaning in _labels %}- {{ label }}{% if meaning %}: {{ meaning }}{% endif %}\n"
        "{% endfor %}"
    )
    labels: Labels = Field(
        description="Labels, as a list, or by name with what each means: {spam: unwanted advertising}."
    )
    several: bool = Field(default=False, description="Give each text any number of labels, also none.")

    @field_validator("labels")
    @classmethod
    def _check_labels(cls, value: Labels) -> Labels:
        if len(value) < 2:
            raise ValueError("give at least two labels")
        if not all(label.strip() for label in value):
            raise ValueError("a label is empty")
        if len({label.strip().casefold() for label in value}) < len(value):
            raise ValueError("two labels are the same but for upper and lower case")
        return value

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["labels" if self.several else "label"]

    @property
    def answer_schema(self) -> type[BaseModel]:
        """An object with one label, or with a list of them."""
        return _answer(tuple(self.labels), self.several)

    def prompt_values(self) -> dict[str, Any]:
        """Return the labels with their meanings."""
        meanings = self.labels if isinstance(self.labels, Mapping) else dict.fromkeys(self.labels, "")
        return {"_labels": list(meanings.items()), "_several": self.several}

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the label or the labels of an answer."""
        text = output or ""
        (column,) = self.outputs
        try:
            found = getattr(read_json(text, self.answer_schema), column)
        except InvalidOutputError:
            # JSON with another label must not be read as words: {"label": "not spam"} has "spam" in it.
            if "{" in text:
                raise
            found = read_choices(text, self.labels) if self.several else read_choice(text, self.labels)
        return {column: [label for label in self.labels if label in found] if self.several else found}


# A class and its schema are made once: for each row, that would take most of the row's time.
@lru_cache(maxsize=64)
def _answer(labels: tuple[str, ...], several: bool) -> type[BaseModel]:
    one: Any = Literal[labels]
    fields: dict[str, Any] = {"labels": (list[one], ...)} if several else {"label": (one, ...)}
    return create_model("Classified", **fields)
