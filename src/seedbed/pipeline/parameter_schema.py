"""The JSON Schema of the parameters of a plugin's class, as a pipeline file has them under `with`."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, PydanticSerializationError, to_jsonable_python

from seedbed.pipeline.variable_schema import allow_variables


class UntitledSchema(GenerateJsonSchema):
    """Makes schemas without titles, which would only repeat the names of the fields in editors.

    A field of a type that JSON lacks may have any value: using the step shows what is wrong.
    """

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False."""
        return False

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:
        """Return a schema that accepts anything."""
        return {}


def parameter_schema(
    cls: type[BaseModel], name: str, hidden: Collection[str], definitions: dict[str, Any]
) -> dict[str, Any]:
    """Return the schema of the fields of `cls` without those in `hidden`.

    What it refers to is added to `definitions`, under names that begin with `name`.
    """
    try:
        schema = cls.model_json_schema(
            ref_template=f"#/$defs/{name}.{{model}}", schema_generator=UntitledSchema
        )
    except PydanticUserError:
        # A class that pydantic can't use.
        return {"type": "object"}
    schema.pop("title", None)
    if not inspect.cleandoc(cls.__dict__.get("__doc__") or ""):
        # pydantic falls back to the docstring of the base class, which describes the framework.
        schema.pop("description", None)
    properties = schema.setdefault("properties", {})
    for field in hidden:
        properties.pop(field, None)
    schema["required"] = [field for field in schema.get("required", []) if field not in hidden]
    for field, shown in properties.items():
        _complete(cls, field, shown)
    allow_variables(schema)
    _move_definitions(schema, name, definitions)
    return schema


def purpose(cls: type) -> str:
    """Return the first line of a class's own docstring."""
    return inspect.cleandoc(cls.__dict__.get("__doc__") or "").partition("\n")[0]


def _complete(cls: type[BaseModel], name: str, shown: dict[str, Any]) -> None:
    """Add to a field's schema what pydantic leaves out: an inherited description, a default that is made."""
    # A class that only changes the default doesn't have to repeat the description.
    inherited = (_field(base, name) for base in cls.__mro__ if issubclass(base, BaseModel))
    described = next((field.description for field in inherited if field and field.description), None)
    if described:
        shown.setdefault("description", described)
    field = _field(cls, name)
    if field is None or field.default_factory is None or field.default_factory_takes_validated_data:
        return
    with suppress(PydanticSerializationError):
        shown["default"] = to_jsonable_python(field.get_default(call_default_factory=True))


def _field(cls: type[BaseModel], name: str) -> FieldInfo | None:
    fields = cls.model_fields
    return fields.get(name) or next((field for field in fields.values() if field.alias == name), None)


def _move_definitions(schema: dict[str, Any], name: str, definitions: dict[str, Any]) -> None:
    """Move what the schema refers to; the types of hidden fields are left out."""
    own = schema.pop("$defs", {})
    waiting = [schema]
    while waiting:
        for reference in _references(waiting.pop()):
            model = reference.removeprefix(f"#/$defs/{name}.")
            if model in own and f"{name}.{model}" not in definitions:
                definitions[f"{name}.{model}"] = own[model]
                own[model].pop("title", None)
                allow_variables(own[model])
                waiting.append(own[model])


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(found := part.get("$ref"), str):
            yield found
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
