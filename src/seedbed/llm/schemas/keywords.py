"""The JSON Schema keywords that a dialect has, and words in the description for those that it lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from seedbed.llm.schemas.dialects import SchemaDialect

Schema = dict[str, Any]

KEYWORDS_OF: dict[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "integer": ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties", "propertyNames"),
    "boolean": (),
    "null": (),
}
"""What narrows the values of each type. On another type a keyword means nothing, so it isn't sent."""

IGNORED = frozenset(
    ["default", "discriminator", "deprecated", "readOnly", "writeOnly", "$comment", "$schema", "$id"]
)
"""What says nothing about the answer."""

_WORDS = (
    *("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType", "contentSchema"),
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
    *("minProperties", "maxProperties", "propertyNames", "examples"),
)
_COUNTS = frozenset(["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"])
# No provider's engine has lookarounds, backreferences or Python's own flags. It would refuse the whole
# schema.
_PYTHONS_OWN = re.compile(r"\(\?(?!:)|\\[1-9ABGZbkpPz]")
_ANCHORED = re.compile(r"\^(?:[^\\^$]|\\[^A-Za-z0-9])*\$")


def described(said: Schema, schema: Mapping[str, Any], dialect: SchemaDialect) -> Schema:
    """Return `said` with the keywords of `schema` that the dialect has, and with the others in words.

    The model may follow the words; the answer is validated against them in any case.
    """
    kept = [name for name in KEYWORDS_OF.get(said.get("type", ""), ()) if _takes(dialect, name, schema)]
    words = [f"{name}: {_text(schema[name])}" for name in _WORDS if name in schema and name not in kept]
    about = labels(schema)
    if words:
        listed = f"({'; '.join(words)})"
        about["description"] = f"{about['description']} {listed}" if "description" in about else listed
    return {**about, **said, **{name: schema[name] for name in kept}}


def labels(schema: Mapping[str, Any]) -> Schema:
    """Return the title and the description of a schema."""
    return {key: schema[key] for key in ("title", "description") if key in schema}


def without_words(schema: Mapping[str, Any]) -> Schema:
    """Return a schema without its title and description."""
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _takes(dialect: SchemaDialect, name: str, schema: Mapping[str, Any]) -> bool:
    if name not in schema:
        return False
    value = schema[name]
    if name == "format":
        return value in dialect.formats
    if name not in dialect.keywords:
        return False
    if name == "pattern":
        return not _PYTHONS_OWN.search(value) and (
            not dialect.anchored_patterns or _ANCHORED.fullmatch(value) is not None
        )
    return name not in _COUNTS or dialect.largest_count is None or value <= dialect.largest_count


def _text(value: object) -> str:
    return orjson.dumps(value).decode()
