"""Columns of JSON values that a model writes, checked against a schema."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, field_validator

from seedbed import Row
from seedbed.reading import read_json
from seedbed_tasks.table.written import Ask, Template, Written, not_fitting

_SHOWN = 300


class Structured(Written):
    """A JSON value that fits a schema.

    Structured(prompt="Invent a shop in {{ city }}.", json_schema=Shop)

    The schema is a JSON Schema or, in Python, a pydantic class. The model gets it as structured output.
    """

    kind: Literal["structured"] = "structured"
    prompt: Template = Field(min_length=1, description="Template of the prompt, over any other columns.")
    json_schema: dict[str, Any] | type[BaseModel] = Field(
        description="JSON Schema that the value fits; in Python, a pydantic class may stand here."
    )

    @field_validator("json_schema")
    @classmethod
    def _check_schema(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if value.get("type") != "object" and not {"anyOf", "oneOf", "allOf", "$ref"} & value.keys():
            raise ValueError("a schema begins with `type: object` and its `properties`")
        # 0.1 s to import.
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for

        try:
            validator_for(value, default=Draft202012Validator).check_schema(value)
        except SchemaError as error:
            raise ValueError(f"it's no JSON Schema: {error.message}") from error
        return value

    @property
    def template(self) -> str:
        """The template of the prompt."""
        return self.prompt

    async def write(self, row: Row, ask: Ask) -> Any:
        """Return the value, as JSON has it."""
        return await ask(self.messages(row), schema=self._sent, read=self.read)

    def read(self, text: str) -> Any:
        """Return the value in an answer; raise InvalidOutputError if it doesn't fit the schema."""
        if not isinstance(self.json_schema, dict):
            made = read_json(text, self.json_schema)
            return TypeAdapter(self.json_schema).dump_python(made, mode="json")
        value = read_json(text)
        from jsonschema.exceptions import best_match

        error = best_match(self._validator.iter_errors(value))
        if error is not None:
            place = ".".join(map(str, error.absolute_path))
            raise not_fitting(f"{place or 'answer'}: {error.message[:_SHOWN]}", text)
        return value

    @property
    def _sent(self) -> Any:
        if isinstance(self.json_schema, dict):
            return self.json_schema
        return self.json_schema.model_json_schema()

    @cached_property
    def _validator(self) -> Any:
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry

        cls = validator_for(self.json_schema, default=Draft202012Validator)
        # Without a registry of ours, the package would fetch what a `$ref` names.
        return cls(self.json_schema, registry=Registry())
