"""OpenAI-style messages as the Messages API takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from seedbed import Message, UsageError, parts

_SYSTEM_ROLES = ("system", "developer")
_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)


def split_system(messages: Sequence[Message]) -> tuple[str | list[dict[str, Any]] | None, Sequence[Message]]:
    """Return the leading system messages as the `system` field, or None, and the messages after them.

    A single text stays a text; several messages, or one with parts, become a list of text blocks.
    """
    count = next(
        (index for index, message in enumerate(messages) if message["role"] not in _SYSTEM_ROLES),
        len(messages),
    )
    leading, rest = messages[:count], messages[count:]
    if not leading:
        return None, rest
    if count == 1 and isinstance(leading[0]["content"], str):
        return leading[0]["content"] or None, rest
    return [block for message in leading for block in _blocks(message)], rest


def translate(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the messages as the API takes them, with consecutive tool results merged into one user message.

    A system message between others keeps its place: at the top it would mean something else. Raises
    UsageError for tool arguments that aren't a JSON object and for images that the API can't take.
    """
    translated: list[dict[str, Any]] = []
    results: list[dict[str, Any]] | None = None
    for message in messages:
        if message["role"] != "tool":
            results = None
            translated.append(_turn(message))
        elif results is None:
            results = [_tool_result(message)]
            translated.append({"role": "user", "content": results})
        else:
            results.append(_tool_result(message))
    return translated


def _turn(message: Message) -> dict[str, Any]:
    role = "system" if message["role"] in _SYSTEM_ROLES else message["role"]
    calls = message.get("tool_calls") or ()
    content = message.get("content")
    if isinstance(content, str) and not calls:
        return {"role": role, "content": content}
    return {"role": role, "content": [*_blocks(message), *map(_tool_use, calls)]}


def _blocks(message: Message) -> list[dict[str, Any]]:
    # The API refuses empty text, which OpenAI's form has next to tool calls.
    return [_block(part) for part in parts(message) if part.get("text") != ""]


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "text":
        return dict(part)
    image = part["image_url"]
    url = image.get("url") if isinstance(image, Mapping) else image
    if not isinstance(url, str):
        raise UsageError(
            "an image part has no URL", 'write {"type": "image_url", "image_url": {"url": "https://..."}}'
        )
    return {"type": "image", "source": _image_source(url)}


def _image_source(url: str) -> dict[str, Any]:
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise UsageError(
            f"the image '{url[:40]}...' isn't a data URL in base64", "write data:image/png;base64,..."
        )
    return {"type": "base64", "media_type": match["type"], "data": match["data"]}


def _tool_use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise UsageError(
            "a tool call has no function with a name",
            'write {"id": "...", "type": "function", "function": {"name": "...", "arguments": "{...}"}}',
        )
    return {
        "type": "tool_use",
        "id": call.get("id"),
        "name": function["name"],
        "input": _arguments(function["name"], function.get("arguments")),
    }


def _arguments(name: str, arguments: object) -> Mapping[str, Any]:
    if isinstance(arguments, Mapping):
        return arguments
    try:
        parsed = orjson.loads(str(arguments or "{}"))
    except orjson.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, dict):
        raise UsageError(
            f"the arguments of the call of tool '{name}' aren't a JSON object: {str(arguments)[:200]!r}",
            "Anthropic takes them parsed: leave out answers whose tool calls can't be parsed",
        )
    return parsed


def _tool_result(message: Message) -> dict[str, Any]:
    content = message.get("content")
    return {
        "type": "tool_result",
        "tool_use_id": message.get("tool_call_id"),
        "content": content if isinstance(content, str) else _blocks(message),
    }
