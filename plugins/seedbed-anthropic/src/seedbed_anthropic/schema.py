"""Which part of JSON Schema Anthropic's structured output takes, and a tool that replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed import SchemaDialect

ANSWER_TOOL = "seedbed_answer"
"""The tool whose input is the answer, if structured output isn't available otherwise."""

_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)

NATIVE = SchemaDialect(
    name="the structured output of Anthropic",
    keywords=frozenset({"minItems"}),
    formats=_FORMATS,
    constructs=frozenset({"any_root"}),
    largest_count=1,
    max_unions=16,
)
"""https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations"""

TOOL = SchemaDialect(
    name="a tool",
    keywords=frozenset({"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"})
    | {"pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"}
    | {"minProperties", "maxProperties", "propertyNames"},
    formats=_FORMATS,
    constructs=frozenset({"any_value", "open_object", "tuple", "recursion"}),
)
"""A tool's input is an object of any kind: the model gets its schema, but isn't held to it."""


def output_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return `output_config.format` for a schema in the native dialect."""
    return {"type": "json_schema", "schema": dict(schema)}


def answer_tool(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of the tool whose input is the answer."""
    return {
        "name": ANSWER_TOOL,
        "description": "Gives the answer; it is the only way to answer.",
        "input_schema": dict(schema),
    }
