"""What strict servers refuse, by what OpenAI and Anthropic document of structured output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_SCALARS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
_ANNOTATIONS = {"title", "description"}
_OPENAI_KEYWORDS = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"enum", "pattern", "format"},
    "integer": {"enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "number": {"enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "boolean": {"enum"},
    "null": {"enum"},
}
_OPENAI_FORMATS = "date-time time date duration email hostname ipv4 ipv6 uuid".split()  # noqa: SIM905
_ANTHROPIC_KEYWORDS = {
    **_OPENAI_KEYWORDS,
    "array": {"items", "minItems"},
    "string": {"enum", "format"},
    "integer": {"enum"},
    "number": {"enum"},
}


def openai_problem(schema: Schema) -> str | None:
    """Return why OpenAI's strict mode refuses a schema."""
    if schema.get("type") != "object" or "anyOf" in schema:
        return "the root is no object"
    return next(_problems(schema, schema, _OPENAI_KEYWORDS, _OPENAI_FORMATS), None) or _size_problem(schema)


def anthropic_problem(schema: Schema) -> str | None:
    """Return why Anthropic's structured output refuses a schema."""
    problem = next(_problems(schema, schema, _ANTHROPIC_KEYWORDS, [*_OPENAI_FORMATS, "uri"]), None)
    if problem:
        return problem
    if any(_reaches(schema, name, name) for name in schema.get("$defs", {})):
        return "it is recursive"
    if any(node.get("minItems", 0) > 1 for node in _nodes(schema)):
        return "minItems is more than 1"
    if sum("anyOf" in node for node in _nodes(schema)) > 16:
        return "too many unions"
    return None


def _problems(
    node: Any, root: Schema, keywords: Mapping[str, set[str]], formats: list[str], top: bool = True
) -> Iterator[str]:
    if not isinstance(node, Mapping):
        yield f"{node!r} is no schema"
        return
    keys = node.keys() - _ANNOTATIONS - ({"$defs"} if top else set())
    if "$ref" in node:
        if node.keys() != {"$ref"}:
            yield f"$ref cannot have keywords {sorted(node.keys() - {'$ref'})}"
        if node["$ref"].removeprefix("#/$defs/") not in root.get("$defs", {}):
            yield f"{node['$ref']} is not defined"
    elif "anyOf" in node:
        if keys != {"anyOf"} or not node["anyOf"]:
            yield f"{sorted(keys)} beside anyOf"
    else:
        yield from _typed_problems(node, keys, keywords, formats)
    for part in _parts(node):
        yield from _problems(part, root, keywords, formats, top=False)


def _typed_problems(
    node: Schema, keys: set[str], keywords: Mapping[str, set[str]], formats: list[str]
) -> Iterator[str]:
    kind = node.get("type")
    if kind not in keywords:
        yield f"the type {kind!r}"
        return
    if unknown := keys - {"type"} - keywords[kind]:
        yield f"{sorted(unknown)} is not permitted"
    if kind == "object" and node.get("additionalProperties") is not False:
        yield "additionalProperties is not false"
    if kind == "object" and sorted(node.get("required", ())) != sorted(node.get("properties", {})):
        yield "required does not name all properties"
    if kind == "array" and "items" not in node:
        yield "an array without items"
    if node.get("format", formats[0]) not in formats:
        yield f"the format {node['format']!r}"
    if re.search(r"\(\?[=!<]", node.get("pattern", "")):
        yield "a pattern that looks around"
    if not all(isinstance(value, _SCALARS[kind]) for value in node.get("enum", ())):
        yield f"{node['enum']} is not of type {kind}"


def _size_problem(schema: Schema) -> str | None:
    nodes = list(_nodes(schema))
    names = [name for node in nodes for name in node.get("properties", ())] + [*schema.get("$defs", ())]
    values = [value for node in nodes for value in node.get("enum", ())]
    if sum(len(node.get("properties", ())) for node in nodes) > 5000:
        return "more than 5000 properties"
    if len(values) > 1000 or sum(map(len, map(str, [*names, *values]))) > 120_000:
        return "too many values or names"
    return "more than 10 levels" if _depth(schema, schema, ()) > 10 else None


def _parts(node: Schema) -> Iterator[Any]:
    yield from node.get("properties", {}).values()
    yield from node.get("anyOf", ())
    yield from node.get("$defs", {}).values()
    if "items" in node:
        yield node["items"]


def _nodes(node: Schema) -> Iterator[Schema]:
    yield node
    for part in _parts(node):
        yield from _nodes(part)


def _depth(node: Schema, root: Schema, followed: tuple[str, ...]) -> int:
    name = node.get("$ref")
    if name:
        definition = root["$defs"][name.removeprefix("#/$defs/")]
        return 0 if name in followed else _depth(definition, root, (*followed, name))
    inner = [_depth(part, root, followed) for key, part in _children(node) if key != "$defs"]
    return max(inner, default=0) + (node.get("type") == "object")


def _children(node: Schema) -> Iterator[tuple[str, Any]]:
    for key in ("properties", "anyOf", "items"):
        held = node.get(key, ())
        parts = held.values() if key == "properties" and held else [held] if key == "items" and held else held
        yield from ((key, part) for part in parts)


def _reaches(root: Schema, name: str, wanted: str, seen: frozenset[str] = frozenset()) -> bool:
    if name in seen:
        return False
    named = {node["$ref"].removeprefix("#/$defs/") for node in _nodes(root["$defs"][name]) if "$ref" in node}
    return wanted in named or any(_reaches(root, other, wanted, seen | {name}) for other in named)
