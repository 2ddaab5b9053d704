"""Answers and rows that fit a request and depend on it alone: words, or JSON that fits a schema."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from seedbed.llm.request import Request
from seedbed.llm.schemas.structured import schema_of
from seedbed.tasks.rows import Row

_WORD_LIST = (
    "amber anchor autumn barley basket bridge candle canyon carpet cedar cellar cheese circle clover comet "
    "copper corner cotton cousin cradle crystal dancer desert dinner dragon engine falcon feather ferry "
    "finger forest fossil garden glacier granite guitar hammer harbour harvest helmet hollow honey island "
    "jacket kettle ladder lantern lemon letter linen lizard magnet maple marble meadow mirror monsoon "
    "mustard needle nectar oyster paddle parcel pebble pepper pillow pocket puzzle quarry quartz rabbit "
    "ribbon saddle saffron shadow silver spider spring stable summit tailor temple thunder timber "
    "tunnel turtle valley velvet violin walnut whisper willow winter"
)
_WORDS = tuple(_WORD_LIST.split())
_LENGTH = 12
_DEEPEST = 4

Schema = Mapping[str, Any]


def plausible_answer(request: Request) -> str:
    """Return twelve words; if the request has a schema, JSON of an object that fits it.

    The same request gets the same answer. Requests with other messages, another seed or another schema get
    other answers. Patterns and formats in the schema are ignored.
    """
    asked = (request.messages, request.seed, request.schema)
    digest = hashlib.sha256(orjson.dumps(asked, default=repr, option=orjson.OPT_NON_STR_KEYS)).digest()
    rng = random.Random(digest)
    if request.schema is None:
        return _text({}, rng)
    return json.dumps(fitting(request.schema, rng))


def fitting(schema: Schema, rng: random.Random) -> Any:
    """Return a value that fits a JSON Schema as pydantic writes it, sampled with `rng`."""
    return _value(schema, rng, schema.get("$defs", {}), 0)


def plausible_rows(columns: Iterable[str], model: type[BaseModel] | None, count: int = 3) -> list[Row]:
    """Return rows with these columns, twelve words in each, and with the columns of a pydantic class."""
    rng = random.Random(0)
    schema = schema_of(model) if model else {"type": "object"}
    return [{**{column: _text({}, rng) for column in columns}, **fitting(schema, rng)} for _ in range(count)]


def _value(schema: Schema, rng: random.Random, definitions: Mapping[str, Schema], depth: int) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], rng, definitions, depth)
    for combined in ("anyOf", "oneOf", "allOf"):
        if combined in schema:
            return _value(_one_of(schema[combined], rng, depth), rng, definitions, depth)
    if schema.get("type") == "object":
        return _object(schema, rng, definitions, depth)
    if schema.get("type") == "array":
        return _array(schema, rng, definitions, depth)
    return _SCALARS.get(schema.get("type", "string"), _text)(schema, rng)


def _one_of(schemas: list[Schema], rng: random.Random, depth: int) -> Schema:
    # A recursive type would never end.
    plain = [schema for schema in schemas if schema.get("type") not in (None, "array", "object")]
    return rng.choice(plain if plain and depth > _DEEPEST else schemas)


def _object(schema: Schema, rng: random.Random, definitions: Mapping[str, Schema], depth: int) -> Any:
    made = {
        name: _value(part, rng, definitions, depth + 1) for name, part in schema.get("properties", {}).items()
    }
    others = schema.get("additionalProperties")
    if not made and isinstance(others, Mapping) and others:
        made[rng.choice(_WORDS)] = _value(others, rng, definitions, depth + 1)
    return made


def _array(schema: Schema, rng: random.Random, definitions: Mapping[str, Schema], depth: int) -> Any:
    parts = [*schema.get("prefixItems", ())]
    wished = min(0 if depth > _DEEPEST else 2, schema.get("maxItems", 2))
    missing = max(wished, schema.get("minItems", 0)) - len(parts)
    parts += [schema.get("items") or {}] * missing
    return [_value(part, rng, definitions, depth + 1) for part in parts]


def _text(schema: Schema, rng: random.Random) -> str:
    text = " ".join(rng.sample(_WORDS, _LENGTH)).capitalize()
    while len(text) < schema.get("minLength", 0):
        text += f" {rng.choice(_WORDS)}"
    return text[: schema.get("maxLength", len(text))]


def _integer(schema: Schema, rng: random.Random) -> int:
    low, high = _bounds(schema, 1)
    step = int(schema.get("multipleOf", 1))
    return rng.randint(-(-int(low) // step), int(high) // step) * step


def _number(schema: Schema, rng: random.Random) -> float:
    low, high = _bounds(schema, 1e-6)
    return rng.uniform(low, high)


def _bounds(schema: Schema, margin: float) -> tuple[float, float]:
    """Return the smallest and largest value that the schema allows; a hundred apart if it sets only one."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    low = high - 100 if low is None and high is not None else low or 0
    high = low + 100 if high is None else high
    return low + margin * ("exclusiveMinimum" in schema), high - margin * ("exclusiveMaximum" in schema)


_SCALARS: Mapping[str, Callable[[Schema, random.Random], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _, rng: rng.choice([True, False]),
    "null": lambda *_: None,
}
