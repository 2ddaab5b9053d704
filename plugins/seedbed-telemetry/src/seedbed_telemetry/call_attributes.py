"""The attributes of a call by the GenAI conventions of OpenTelemetry.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import orjson

from seedbed import Choice, Embeddings, ObservedCall, ObservedTry, Response

Attributes: TypeAlias = dict[str, str | bool | int | float | list[str]]

_PROVIDERS = {"azure": "azure.ai.openai", "bedrock": "aws.bedrock", "gemini": "gcp.gemini"}
"""The conventions' names of providers, where they aren't those of backends (`openai`, `anthropic`)."""


def operation_of(response: Response) -> str:
    """Return the name of the operation: `embeddings` or `chat`."""
    return "embeddings" if isinstance(response, Embeddings) else "chat"


def common_attributes(call: ObservedCall, response: Response) -> Attributes:
    """Return the attributes that a call's span and its metrics have: those of few values."""
    found: Attributes = {"gen_ai.operation.name": operation_of(response), "gen_ai.request.model": call.model}
    if call.backend:
        found["gen_ai.provider.name"] = _PROVIDERS.get(call.backend, call.backend)
    if response.model:
        found["gen_ai.response.model"] = response.model
    return {**found, **dict(_server(call.endpoint or ""))}


def span_attributes(call: ObservedCall, response: Response) -> Attributes:
    """Return the further attributes of a call's span: its row, tokens, cost and ends of its answers."""
    usage = call.usage
    found: Attributes = {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "seedbed.step": call.step,
        "seedbed.row.id": call.row,
        "seedbed.attempt": call.attempt,
    }
    if response.choices:
        found["gen_ai.response.finish_reasons"] = [_finish(choice) for choice in response.choices]
    if len(response.choices) > 1:
        found["gen_ai.request.choice.count"] = len(response.choices)
    if isinstance(raw := response.raw, Mapping) and isinstance(raw.get("id"), str):
        found["gen_ai.response.id"] = raw["id"]
    if call.cost is not None:
        found["seedbed.cost"] = call.cost
    if call.tries is not None:
        found["seedbed.tries"] = call.tries
    return found


def try_attributes(failed: ObservedTry) -> Attributes:
    """Return the attributes that the span and the metrics of a failed try have: those of few values."""
    return {
        "gen_ai.operation.name": "embeddings" if failed.is_embedding else "chat",
        "gen_ai.request.model": failed.model,
        "gen_ai.provider.name": _PROVIDERS.get(failed.backend, failed.backend),
        "error.type": failed.kind,
        **dict(_server(failed.endpoint)),
    }


def try_span_attributes(failed: ObservedTry) -> Attributes:
    """Return the further attributes of the span of a failed try."""
    found: Attributes = {
        "seedbed.step": failed.step,
        "seedbed.row.id": failed.row,
        "seedbed.attempt": failed.attempt,
        "seedbed.try": failed.number,
    }
    if failed.status is not None:
        found["http.response.status_code"] = failed.status
    return found


def output_messages(response: Response) -> str:
    """Return the answers as JSON, in the conventions' form."""
    return orjson.dumps([_message(choice) for choice in response.choices]).decode()


def _message(choice: Choice) -> dict[str, object]:
    parts: list[dict[str, object]] = []
    if choice.reasoning:
        parts.append({"type": "reasoning", "content": choice.reasoning})
    if choice.text is not None:
        parts.append({"type": "text", "content": choice.text})
    parts += [
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments}
        for call in choice.tool_calls
    ]
    return {"role": "assistant", "parts": parts, "finish_reason": _finish(choice)}


def _finish(choice: Choice) -> str:
    # The conventions write one in the singular.
    return "tool_call" if choice.finish_reason == "tool_calls" else choice.finish_reason


def _server(endpoint: str) -> Iterator[tuple[str, str | int]]:
    """Yield host and port of an endpoint, if it's an address."""
    scheme, _, rest = endpoint.partition("://")
    # Without the user: an address with a placeholder for the password isn't valid.
    authority = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    try:
        parts = urlsplit(f"{scheme}://{authority}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if scheme not in ("http", "https") or not host:
        return
    yield "server.address", host
    yield "server.port", port or (443 if scheme == "https" else 80)
