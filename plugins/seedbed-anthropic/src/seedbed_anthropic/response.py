"""From the body of a Messages response to a Seedbed response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import orjson

from seedbed import Choice, InvalidResponseError, Limits, Response, ToolCall, Usage
from seedbed_anthropic.schema import ANSWER_TOOL

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def read_response(body: Mapping[str, Any], headers: Mapping[str, str], provider: str) -> Response:
    """Return the response that a body holds; raises InvalidResponseError where it is no message."""
    model = body.get("model")
    return Response(
        choices=(_choice(body, provider),),
        usage=_usage(body.get("usage")),
        model=model if isinstance(model, str) else None,
        raw=body,
        limits=read_limits(headers),
    )


def _choice(body: Mapping[str, Any], provider: str) -> Choice:
    blocks = body.get("content")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        _invalid(provider, "without a list of content blocks")
    texts = [_text(block, "text", provider) for block in blocks if block.get("type") == "text"]
    thoughts = [_text(block, "thinking", provider) for block in blocks if block.get("type") == "thinking"]
    calls = [_tool_call(block, provider) for block in blocks if block.get("type") == "tool_use"]
    reason = _finish_reason(body.get("stop_reason"))
    answers = [call.arguments for call in calls if call.name == ANSWER_TOOL]
    if answers:
        texts, calls = answers[:1], [call for call in calls if call.name != ANSWER_TOOL]
        reason = "stop" if reason == "tool_calls" and not calls else reason
    return Choice(
        text="".join(texts) if texts else None,
        finish_reason=reason,
        tool_calls=tuple(calls),
        reasoning="".join(thoughts) or None,
    )


def _finish_reason(reason: object) -> str:
    """Return the common word for a reason; an unknown one is kept as it came, a missing one is `other`."""
    return _FINISH_REASONS.get(reason, reason) if isinstance(reason, str) and reason else "other"


def _text(block: Mapping[str, Any], field: str, provider: str) -> str:
    text = block.get(field)
    if not isinstance(text, str):
        _invalid(provider, f"with a block of type '{field}' that has no text")
    return text


def _tool_call(block: Mapping[str, Any], provider: str) -> ToolCall:
    call_id, name = block.get("id"), block.get("name")
    if not isinstance(call_id, str) or not isinstance(name, str) or not isinstance(block.get("input"), dict):
        _invalid(provider, "with a tool call that lacks id, name or input")
    return ToolCall(call_id, name, orjson.dumps(block["input"]).decode())


def _invalid(provider: str, what: str) -> NoReturn:
    raise InvalidResponseError(
        f"{provider} answered {what}", "does base_url name a server of Anthropic's Messages API?", status=200
    )


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("output_tokens_details")
    cached = _count(usage.get("cache_read_input_tokens"))
    return Usage(
        # Anthropic counts what it read from or wrote to its cache apart.
        input_tokens=_count(usage.get("input_tokens"))
        + _count(usage.get("cache_creation_input_tokens"))
        + cached,
        output_tokens=_count(usage.get("output_tokens")),
        cached_tokens=cached,
        reasoning_tokens=_count(details.get("thinking_tokens")) if isinstance(details, dict) else 0,
    )


def _count(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def read_limits(headers: Mapping[str, str]) -> Limits | None:
    """Return what the `anthropic-ratelimit-*` headers say, or None where there are none."""
    limits = Limits(
        requests=_number(headers, "requests-limit"),
        requests_left=_number(headers, "requests-remaining"),
        requests_reset=_seconds(headers, "requests-reset"),
        tokens=_number(headers, "tokens-limit"),
        tokens_left=_number(headers, "tokens-remaining"),
        tokens_reset=_seconds(headers, "tokens-reset"),
    )
    return None if limits == Limits() else limits


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(f"anthropic-ratelimit-{name}", "")
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    try:
        moment = datetime.fromisoformat(headers.get(f"anthropic-ratelimit-{name}", ""))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
