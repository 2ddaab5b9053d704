"""Chat Completions: from a request to the body of POST /chat/completions."""

from __future__ import annotations

from typing import Any

from seedbed import Message, Request
from seedbed_openai.presets import Preset, StructuredOutput

SCHEMA_NAME = "answer"


def chat_body(
    request: Request,
    *,
    model: str,
    preset: Preset,
    structured_output: StructuredOutput,
    reasoning_effort: str | None,
) -> dict[str, Any]:
    """Return the body that asks for `request`; what is None or empty is left out."""
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(request, preset),
        "temperature": request.temperature,
        "top_p": request.top_p,
        preset.max_tokens_field: request.max_tokens,
        "stop": list(request.stop) or None,
        preset.seed_field: request.seed,
        "n": request.n if request.n > 1 else None,
        "tools": list(request.tools) or None,
        "tool_choice": request.tool_choice,
        "logprobs": True if request.logprobs is not None else None,
        "top_logprobs": request.logprobs or None,
        "response_format": _response_format(request, structured_output),
        "reasoning_effort": reasoning_effort,
        # Some servers stream unless told not to.
        "stream": False,
    }
    # `extra` last: the user's own words win over ours.
    return {name: value for name, value in body.items() if value is not None} | dict(request.extra)


def _response_format(request: Request, kind: StructuredOutput) -> dict[str, Any] | None:
    if request.schema is None:
        return None
    if kind == "json_object":
        return {"type": "json_object"}
    schema = {"name": SCHEMA_NAME, "schema": dict(request.schema), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _messages(request: Request, preset: Preset) -> list[Message]:
    if preset.developer_role:
        return list(request.messages)
    return [
        {**message, "role": "system"} if message["role"] == "developer" else message
        for message in request.messages
    ]
