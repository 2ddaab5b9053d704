"""JSON Schemas as part of a prompt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from seedbed.llm.messages import Message

Messages = tuple[Message, ...]


def shown_schema(
    messages: Messages, schema: bytes, *, adds_system: bool = False, with_titles: bool = False
) -> Messages:
    """Return messages that ask for JSON that fits an encoded schema, which is shown without automatic titles.

    The schema stands in the system message. Without one, it's at the end of the first message of the user,
    unless `adds_system`: the chat templates of some models, such as Gemma 2, refuse a system message.
    With `with_titles`, it's shown as earlier versions did, whose answers are kept under such a prompt.
    """
    instruction = _instruction(schema, with_titles)
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
def _instruction(schema: bytes, with_titles: bool) -> str:
    read = orjson.loads(schema)
    what = "one JSON object" if _allows_objects(read) else "JSON"
    shown = schema if with_titles else orjson.dumps(without_titles(read))
    return f"Answer with {what} that fits this JSON Schema, and with nothing else:\n{shown.decode()}"


def without_titles(schema: Any, automatic: Collection[str] | None = None) -> Any:
    """Return a schema without the titles that pydantic makes of names: a seventh of a typical one's tokens.

    `automatic` are those that it might give this schema; None for the whole schema, whose title is the name
    of a class that isn't known here.
    """
    if isinstance(schema, list):
        return [without_titles(one, ()) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shown = {key: _inner(key, value) for key, value in schema.items()}
    if isinstance(title := schema.get("title"), str):
        is_automatic = title.isidentifier() if automatic is None else title in automatic
        shown = {key: value for key, value in shown.items() if key != "title" or not is_automatic}
    return shown


def _inner(key: str, value: Any) -> Any:
    """Return what a schema has under a keyword, without titles."""
    if key in _VALUES:
        return value
    if key in _TITLES_OF and isinstance(value, dict):
        # The keys in it are names, and one may be "title".
        return {name: without_titles(one, _TITLES_OF[key](name)) for name, one in value.items()}
    return without_titles(value, ())


def _titles_of_field(name: str) -> Collection[str]:
    return (name.title().replace("_", " ").strip(),)


def _titles_of_class(name: str) -> Collection[str]:
    # Of several classes of one name, the keys have modules in front and numbers behind.
    return (name, *name.split("__"))


_TITLES_OF: Mapping[str, Callable[[str], Collection[str]]] = MappingProxyType(
    {"properties": _titles_of_field, "$defs": _titles_of_class}
)
"""How pydantic makes titles of names, by where they are in a schema."""

_VALUES = frozenset({"const", "default", "enum", "examples"})
"""What holds values and no schemas."""


def _allows_objects(schema: dict[str, Any]) -> bool:
    return "$ref" in schema or schema.get("type", "object") == "object"


def _joined(content: Any, instruction: str) -> Any:
    """Return the content of a message, a text or parts such as images, with the instruction behind it."""
    if isinstance(content, str):
        return f"{content}\n\n{instruction}"
    return [*content, {"type": "text", "text": instruction}]
