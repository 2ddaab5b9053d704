"""JSON Schemas as part of a prompt."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from seedbed.llm.messages import Message

Messages = tuple[Message, ...]


def shown_schema(messages: Messages, schema: bytes, *, adds_system: bool = False) -> Messages:
    """Return messages that ask for JSON that fits an encoded schema.

    The schema stands in the system message. Without one, it's at the end of the first message of the user,
    unless `adds_system`: the chat templates of some models, such as Gemma 2, refuse a system message.
    """
    instruction = _instruction(schema)
    roles = [message["role"] for message in messages]
    if roles[0] in {"system", "developer"}:
        place = 0
    elif "user" in roles and not adds_system:
        place = roles.index("user")
    else:
        return ({"role": "system", "content": instruction}, *messages)
    asking = {**messages[place], "content": _joined(messages[place]["content"], instruction)}
    return (*messages[:place], asking, *messages[place + 1 :])


@lru_cache(maxsize=256)
def is_described(schema: bytes) -> bool:
    """Whether a property of an encoded schema has a description. That of a class is often its docstring."""
    return _has_description(orjson.loads(schema))


def _has_description(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_has_description, schema))
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties")
    described = isinstance(properties, dict) and any(
        isinstance(each, dict) and "description" in each for each in properties.values()
    )
    return described or any(map(_has_description, schema.values()))


# One text for all rows of a class.
@lru_cache(maxsize=256)
def _instruction(schema: bytes) -> str:
    what = "one JSON object" if _allows_objects(orjson.loads(schema)) else "JSON"
    return f"Answer with {what} that fits this JSON Schema, and with nothing else:\n{schema.decode()}"


def _allows_objects(schema: dict[str, Any]) -> bool:
    return "$ref" in schema or schema.get("type", "object") == "object"


def _joined(content: Any, instruction: str) -> Any:
    """Return the content of a message, a text or parts such as images, with the instruction behind it."""
    if isinstance(content, str):
        return f"{content}\n\n{instruction}"
    return [*content, {"type": "text", "text": instruction}]
