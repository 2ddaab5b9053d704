"""JSON Schemas as Anthropic's structured output takes them, and a tool for those it cannot take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANSWER_TOOL = "seedbed_answer"
"""The tool whose input is the answer, where structured output is not to be had otherwise."""

_TYPES = frozenset(("object", "array", "string", "integer", "number", "boolean", "null"))
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def output_format(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return `output_config.format` for a schema, or None where the API has no words for it.

    Keywords that the API does not know (`minLength`, `minimum`, ...) move to the descriptions.
    """
    from anthropic import transform_schema

    if not _expressible(schema):
        return None
    return {"type": "json_schema", "schema": transform_schema(dict(schema))}


def answer_tool(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of the tool whose input is the answer."""
    return {
        "name": ANSWER_TOOL,
        "description": "Gives the answer; it is the only way to answer.",
        "input_schema": dict(schema),
    }


def _expressible(schema: object) -> bool:
    """Whether the SDK's transformation keeps what a schema allows, its subschemas included."""
    if not isinstance(schema, Mapping):
        return False
    if not all(map(_expressible, schema.get("$defs", {}).values())):
        return False
    if "$ref" in schema or "enum" in schema or "const" in schema:
        return True
    for keyword in _ALTERNATIVES:
        if keyword in schema:
            return bool(schema[keyword]) and all(map(_expressible, schema[keyword]))
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        return False
    if kind == "array":
        return "items" in schema and _expressible(schema["items"])
    return kind != "object" or _is_closed_object(schema)


def _is_closed_object(schema: Mapping[str, Any]) -> bool:
    # The API allows no other properties than those named, so a dictionary could only ever be empty.
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", not properties)
    return others is False and all(map(_expressible, properties.values()))
