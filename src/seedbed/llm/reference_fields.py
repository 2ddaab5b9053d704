"""Fields of steps that hold a backend: users give a reference, or `{use: REFERENCE, with: {...}}`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from seedbed.llm.keys.env_secret import with_env_secrets
from seedbed.llm.keys.file_origin import current_origin


class ReferenceField(NamedTuple):
    """How fields of a kind of backend take what users write.

    `noun` is what such a backend is called, `example` a reference, and `get` makes one from a reference and
    its fields.
    """

    noun: str
    example: str
    get: Callable[..., Any]

    def core_schema(self, cls: type[Any], source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of a field whose type is the class `cls`."""
        if not inspect.isabstract(cls):
            return handler(source)
        # An abstract class has no instances of its own, so its schema can be that of fields which take one.
        is_one = core_schema.is_instance_schema(cls)
        return core_schema.no_info_before_validator_function(lambda value: self._resolved(cls, value), is_one)

    def json_schema(
        self, cls: type[Any], schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON Schema of such a field, for editors."""
        if not inspect.isabstract(cls):
            return handler(schema)
        fields = {"use": {"type": "string"}, "with": {"type": "object"}}
        entry = {"type": "object", "properties": fields, "required": ["use"], "additionalProperties": False}
        return {"anyOf": [{"type": "string"}, entry], "description": f"An {self.noun}: {self._forms}."}

    @property
    def _forms(self) -> str:
        return f"a reference such as '{self.example}', or {{use: REFERENCE, with: {{...}}}}"

    def _resolved(self, cls: type[Any], value: object) -> object:
        if isinstance(value, str):
            return self._made(value, {})
        if isinstance(value, Mapping):
            odd = value.keys() - {"use", "with"}
            if odd or not isinstance(value.get("use"), str) or not isinstance(value.get("with", {}), Mapping):
                raise ValueError(f"give {self._forms}")
            return self._made(value["use"], dict(value.get("with") or {}))
        if not isinstance(value, cls):
            raise ValueError(f"give an {self.noun}, {self._forms}")
        return value

    def _made(self, reference: str, fields: dict[str, Any]) -> Any:
        origin = current_origin()
        if origin is None:
            return self.get(reference, **fields)
        # A stranger's pipeline file must not name code, here either.
        return self.get(origin.allowed_code(reference), **with_env_secrets(fields))
