"""Typed values taken from texts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, PrivateAttr, model_validator

from seedbed import ColumnType, Example, UsageError, row_model
from seedbed_tasks.text_task import TextTask


class Extract(TextTask):
    """Takes typed values from each text: names, dates, amounts, lists of objects.

    Reads `column`; adds a column for each of `fields`, which have the types of `schema` in a pipeline file.
    A field whose type ends in `?` is null where the text says nothing of it. The model gets the types as a
    schema, and is asked again if its answer doesn't fit.
    """

    goals = ("extraction",)
    keywords = ("information extraction", "entities", "ner", "parsing", "structured", "json", "schema")
    example = Example(
        rows=[{"text": "Ada Lovelace was born in London in 1815."}],
        parameters={"fields": {"person": "string", "year_of_birth": "integer?"}},
    )

    template: str = (
        "Text:\n{{ _text }}\n\n"
        "Take these from the text. Use only what the text says{% if _open %}; write null for what it doesn't "
        "say{% endif %}.\n{% for name, meaning in _fields %}- {{ name }}{% if meaning %}: {{ meaning }}"
        "{% endif %}\n{% endfor %}"
    )
    fields: dict[str, ColumnType] = Field(
        min_length=1, description="What to take, by name, with types as in `schema`: {year: integer?}."
    )

    _model: type[BaseModel] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_fields_taken(self) -> Extract:
        if clash := sorted({self.column, "model_name"} & self.fields.keys()):
            raise UsageError(
                f"'{clash[0]}' in `fields` is a column that rows have already", "give the field another name"
            )
        # Here, so that an impossible field is an error before a run.
        self._model = row_model("Extracted", self.fields, __name__)
        return self

    @property
    def outputs(self) -> list[str]:
        """The fields."""
        # A task that is only described has no fields yet.
        return list(vars(self).get("fields", ()))

    @property
    def answer_schema(self) -> type[BaseModel] | None:
        """A class with the fields."""
        return self._model

    def prompt_values(self) -> dict[str, Any]:
        """Return the fields with their descriptions."""
        made = self._model.model_fields if self._model else {}
        return {
            "_fields": [(name, field.description or "") for name, field in made.items()],
            "_open": any(not field.is_required() for field in made.values()),
        }
