"""Anthropic's Messages API, from the server's side.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from seedbed.llm.messages import Message
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Limits, Response, Usage
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.wire import Asked, Refusal, Wire, key_in

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_CHOICES = {"any": "required"}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicMessages(Wire):
    """The protocol of Anthropic's POST /v1/messages."""

    overflow = Refusal(400, "prompt is too long: 9000 tokens > 8192 maximum", "invalid_request_error")

    def read(self, received: Received) -> Asked:
        """Return what the body asks for; the field `system` is the first message."""
        body: dict[str, Any] = received.json()
        model = body.pop("model", "")
        return Asked(model, key_in(received), _request(body))

    def answer(self, response: Response) -> Reply:
        """Return a body of type `message`, which has one choice."""
        body: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": response.model or "some-model",
            "usage": _usage(response.usage),
        }
        for choice in response.choices:
            body |= {"content": [*_blocks(choice)], "stop_reason": _STOP_REASONS[choice.finish_reason]}
        return Reply(body=body)

    def refusal(self, refusal: Refusal) -> Reply:
        """Return an error object."""
        kind = refusal.code or _ERRORS.get(refusal.status, "api_error")
        body = {"type": "error", "error": {"type": kind, "message": refusal.message}, "request_id": "req_1"}
        return Reply(refusal.status, body)

    def limit_headers(self, limits: Limits) -> Mapping[str, str]:
        """Return the headers `anthropic-ratelimit-*`; they give resets as timestamps."""
        told = {
            "requests-limit": str(limits.requests),
            "requests-remaining": str(limits.requests_left),
            "requests-reset": _moment(limits.requests_reset),
            "tokens-limit": str(limits.tokens),
            "tokens-remaining": str(limits.tokens_left),
            "tokens-reset": _moment(limits.tokens_reset),
        }
        return {f"anthropic-ratelimit-{name}": value for name, value in told.items()}


def _moment(seconds: float | None) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds or 0)).isoformat()


def _request(body: dict[str, Any]) -> Request:
    output = body.get("output_config") or {}
    return Request(
        messages=(*_system(body.pop("system", None)), *_messages(body.pop("messages", ()))),
        temperature=body.pop("temperature", None),
        top_p=body.pop("top_p", None),
        max_tokens=body.pop("max_tokens", None),
        stop=tuple(body.pop("stop_sequences", None) or ()),
        schema=output.get("format", {}).get("schema"),
        tools=tuple(_tool(tool) for tool in body.pop("tools", None) or ()),
        tool_choice=_tool_choice(body.pop("tool_choice", None)),
        extra=body,
    )


def _system(system: str | Sequence[Mapping[str, Any]] | None) -> Iterator[Message]:
    if system is not None:
        yield {"role": "system", "content": system if isinstance(system, str) else [*map(_part, system)]}


def _messages(messages: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    for message in messages:
        blocks = message["content"]
        if isinstance(blocks, str):
            yield {"role": message["role"], "content": blocks}
            continue
        yield from (_result(block) for block in blocks if block["type"] == "tool_result")
        calls = [_call(block) for block in blocks if block["type"] == "tool_use"]
        content = [_part(block) for block in blocks if block["type"] in ("text", "image")]
        if calls or content:
            yield {"role": message["role"], "content": content or None} | (
                {"tool_calls": calls} if calls else {}
            )


def _part(block: Mapping[str, Any]) -> dict[str, Any]:
    if block["type"] == "text":
        return {"type": "text", "text": block["text"]}
    source = block["source"]
    url = source.get("url") or f"data:{source['media_type']};base64,{source['data']}"
    return {"type": "image_url", "image_url": {"url": url}}


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": block["name"], "arguments": json.dumps(block["input"])}
    return {"id": block["id"], "type": "function", "function": function}


def _result(block: Mapping[str, Any]) -> Message:
    return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": block["content"]}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {name: value for name, value in tool.items() if name != "input_schema"}
    return {"type": "function", "function": function | {"parameters": tool.get("input_schema")}}


def _tool_choice(choice: Mapping[str, Any] | None) -> str | Mapping[str, Any] | None:
    if choice is None:
        return None
    if choice["type"] == "tool":
        return {"type": "function", "function": {"name": choice["name"]}}
    return _CHOICES.get(choice["type"], str(choice["type"]))


def _blocks(choice: Choice) -> Iterator[dict[str, Any]]:
    if choice.text is not None:
        yield {"type": "text", "text": choice.text}
    for call in choice.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        # Anthropic counts cached tokens separately; Seedbed's `input_tokens` includes them.
        "input_tokens": usage.input_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }
