"""The Responses API: from a request to the body of POST /responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedbed import Message, Request, UnsupportedError, parts
from seedbed_openai.chat import SCHEMA_NAME


def responses_body(request: Request, *, model: str, reasoning_effort: str | None) -> dict[str, Any]:
    """Return the body for `request`; the provider stores nothing.

    Raises UnsupportedError for `stop`, which this API doesn't have.
    """
    if request.stop:
        raise UnsupportedError("the Responses API has no 'stop'", "use api='chat', or leave stop out")
    body: dict[str, Any] = {
        "model": model,
        "input": [item for message in request.messages for item in _items(message)],
        "store": False,
        "stream": False,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": request.max_tokens,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
        "include": ["message.output_text.logprobs"] if request.logprobs is not None else None,
        "top_logprobs": request.logprobs or None,
        "text": _text_format(request.schema),
        "reasoning": {"effort": reasoning_effort} if reasoning_effort else None,
    }
    return {name: value for name, value in body.items() if value is not None} | dict(request.extra)


def _items(message: Message) -> Iterator[dict[str, Any]]:
    role = message["role"]
    if role == "tool":
        output = _text(message)
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id", ""), "output": output}
    elif role == "assistant":
        if message.get("content"):
            yield {"role": role, "content": _text(message)}
        yield from (_function_call(call) for call in message.get("tool_calls") or ())
    elif isinstance(message.get("content"), str):
        yield {"role": role, "content": message["content"]}
    else:
        yield {"role": role, "content": [_part(part) for part in parts(message)]}


def _text(message: Message) -> str:
    return "".join(part["text"] for part in parts(message) if part["type"] == "text")


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "text":
        return {"type": "input_text", "text": part["text"]}
    image = part["image_url"]
    if isinstance(image, str):
        image = {"url": image}
    return {"type": "input_image", "image_url": image.get("url", ""), "detail": image.get("detail", "auto")}


def _function_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function", {})
    return {
        "type": "function_call",
        "call_id": call.get("id", ""),
        "name": function.get("name", ""),
        "arguments": function.get("arguments", "{}"),
    }


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function" or "function" not in tool:
        return dict(tool)
    # Strict is the default here, but not in Chat Completions: a tool should mean the same in both.
    return {"type": "function", "strict": False, **tool["function"]}


def _tool_choice(choice: str | Mapping[str, Any] | None) -> str | dict[str, Any] | None:
    if choice is None or isinstance(choice, str):
        return choice
    if choice.get("type") == "function" and "function" in choice:
        return {"type": "function", **choice["function"]}
    return dict(choice)


def _text_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"format": {"type": "json_schema", "name": SCHEMA_NAME, "schema": dict(schema), "strict": True}}
