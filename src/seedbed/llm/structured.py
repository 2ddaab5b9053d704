"""Structured output: JSON Schemas as providers take them, and JSON out of an answer's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel

from seedbed.llm.messages import Message
from seedbed.llm.request import Request

# A fence ends at the beginning of a line: those inside of JSON strings do not.
_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)\n\s*```", re.DOTALL)


def schema_of(model: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a pydantic model, or the schema itself, with objects closed.

    Every property is required and no other is allowed: what strict modes ask for, and what makes
    a row's columns complete.
    """
    return dict(model) if isinstance(model, Mapping) else _closed_schema(model)


@lru_cache(maxsize=256)
def shared_schema(model: type[BaseModel]) -> Mapping[str, Any]:
    """Return `schema_of` a class, made once: every request for its rows has this very one. Don't change it.

    Made for each request, it took twice as long as all else that a typed row takes.
    """
    return _closed_schema(model)


def _closed_schema(model: type[BaseModel]) -> dict[str, Any]:
    closed: dict[str, Any] = _close(model.model_json_schema())
    return closed


def _close(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _close(value) for key, value in schema.items() if key != "default"}
    properties = schema.get("properties")
    if isinstance(properties, dict) and schema.get("type") == "object":
        # Its keys are the names of columns, which may be "default" too.
        closed["properties"] = {name: _close(value) for name, value in properties.items()}
        closed["required"] = list(properties)
        closed["additionalProperties"] = False
    return closed


def instruct(request: Request) -> Request:
    """Return the request with its schema turned into an instruction, for a backend without its own means."""
    if request.schema is None:
        return request
    text = (
        "Answer with one JSON object that fits this JSON Schema, and with nothing else:\n"
        + orjson.dumps(dict(request.schema)).decode()
    )
    return request._replace(schema=None, messages=_with_system(request.messages, text))


def _with_system(messages: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    first = messages[0]
    if first["role"] == "system" and isinstance(first["content"], str):
        return ({**first, "content": f"{first['content']}\n\n{text}"}, *messages[1:])
    return ({"role": "system", "content": text}, *messages)


def json_text(answer: str) -> str:
    """Return the part of an answer that is JSON: as it is, from a code fence, or between its braces."""
    text = answer.strip()
    if not text.startswith("{") and (fence := _FENCE.search(text)):
        text = fence[1].strip()
    if text.startswith("["):
        return text
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text
