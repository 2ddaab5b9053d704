"""Rows that fit any JSON Schema or pydantic class."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field, field_validator

from seedbed import Example, GenerationParameters, GeneratorTask, InvalidOutputError, Row
from seedbed.reading import read_json
from seedbed_tasks.json_schemas import checks_of, misfit

_VALUE = "value"


class Structured(GeneratorTask):
    """Rows that fit a JSON Schema, or in Python a pydantic class: records of any shape.

    Makes a column for each property of the schema's object (for any other schema one column `value`), and
    one for each list in `vary`, of which a value is drawn for each row and named in the prompt. The model
    gets the schema, and is asked again if its answer doesn't fit."""

    goals = ("tables", "extraction")
    keywords = ("json schema", "pydantic", "records", "objects", "nested", "mock data", "typed")
    example = Example(
        {
            "instructions": "a book in a small library",
            "json_schema": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "pages": {"type": "integer", "minimum": 20}},
                "required": ["title", "pages"],
            },
            "vary": {"genre": ["crime", "travel"]},
        }
    )

    template: str = (
        "Make up {{ _instructions }}. It's one of many, so let it be unlike what comes to mind first.\n"
        "{% for name, value in _drawn %}{{ name }}: {{ value }}\n{% endfor %}Write it as JSON."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024, temperature=1.0),
        description="Sampling parameters; they override those of the LLM.",
    )
    instructions: str = Field(
        default="a record", min_length=1, description="What a row is, such as 'an order of an online shop'."
    )
    json_schema: dict[str, Any] | type[BaseModel] = Field(
        description="JSON Schema that rows fit; in Python also a pydantic class."
    )
    vary: dict[str, list[Any]] = Field(
        default={}, description="Values to draw from, by name: {genre: [crime, travel]}."
    )

    @field_validator("json_schema")
    @classmethod
    def _check_schema(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            checks_of(value)
        return value

    @field_validator("vary")
    @classmethod
    def _check_vary(cls, value: dict[str, list[Any]]) -> dict[str, list[Any]]:
        if empty := [name for name, values in value.items() if not values]:
            raise ValueError(f"'{empty[0]}' has no values to draw from")
        return value

    @property
    def outputs(self) -> list[str]:
        """The lists to vary, and the properties of the schema."""
        schema: dict[str, Any] | type[BaseModel] = vars(self).get("json_schema", {})
        made = schema.model_fields if isinstance(schema, type) else schema.get("properties")
        names = list(made or [_VALUE])
        return list(dict.fromkeys([*vars(self).get("vary", {}), *names]))

    @property
    def answer_schema(self) -> type[BaseModel] | Mapping[str, Any]:
        """The schema."""
        return self.json_schema

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw a value of each list."""
        drawn = {name: rng.choice(values) for name, values in self.vary.items()}
        return {**drawn, "_drawn": list(drawn.items()), "_instructions": self.instructions}

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the object's properties as columns; those that it may leave out are null."""
        if isinstance(self.json_schema, type):
            row: Row = super().format_output(output, input)
            return row
        value = read_json(output or "")
        if wrong := misfit(self._checks, value):
            place, what = wrong
            raise InvalidOutputError(f"it does not fit ({place or 'the answer'}: {what})", text=output)
        if not self.json_schema.get("properties"):
            return {_VALUE: value}
        if not isinstance(value, dict):
            raise InvalidOutputError("the answer is not an object", text=output)
        return {**dict.fromkeys(self.json_schema["properties"]), **value}

    @cached_property
    def _checks(self) -> Any:
        return checks_of(self.json_schema)
