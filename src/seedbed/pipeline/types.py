"""Whether the type of a column that one step makes can be the type that another step reads."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

_OF_PYTHON = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
_SAME = {"integer": "number"}


def clash(made: Any, read: Any) -> tuple[str, str] | None:
    """Return the JSON types made and read if no value can be both; otherwise None."""
    given, wanted = json_types(made), json_types(read)
    if not given or not wanted or given & wanted:
        return None
    return " or ".join(sorted(given)), " or ".join(sorted(wanted))


def json_types(annotation: Any) -> set[str]:
    """Return the JSON types of a Python type's values; none if unknown."""
    try:
        schema = TypeAdapter(annotation).json_schema(mode="serialization")
    except PydanticUserError:
        return set()
    return _types(schema, schema.get("$defs", {}))


def _types(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _types(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        parts = [_types(part, definitions) for part in schema["anyOf"]]
        return set().union(*parts) if all(parts) else set()
    if "enum" in schema or "const" in schema:
        return {_OF_PYTHON.get(type(value), "") for value in schema.get("enum", [schema.get("const")])}
    kinds = schema.get("type", [])
    return {_SAME.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)}
