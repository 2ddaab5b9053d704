"""From the body of a Messages response to a Seedbed response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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

_WITHOUT_TEXT = ("thinking", "redacted_thinking", "tool_use", "server_tool_use")
_SHOWN = 8
_MOST = 2**53
"""More tokens than any answer has: a larger number is a mistake of the server, and doesn't count."""
_WHOLE = re.compile(r"[0-9]{1,15}(\.0+)?")


def read_response(body: Mapping[str, Any], headers: Mapping[str, str], provider: str) -> Response:
    """Return the response in a body; raises InvalidResponseError if it isn't a message."""
    model = body.get("model")
    return Response(
        choices=(_choice(body, provider),),
        usage=_usage(body.get("usage")),
        model=model if isinstance(model, str) else None,
        raw=body,
        limits=read_limits(headers),
    )


def _choice(body: Mapping[str, Any], provider: str) -> Choice:
    blocks = _blocks(body, provider)
    thoughts = [block.get("thinking") for block in blocks if block.get("type") == "thinking"]
    texts = [block["text"] for block in blocks if _has_text(block)]
    if not texts and any(block.get("type") == "text" for block in blocks):
        raise InvalidResponseError(f"{provider} answered with a block of text that has no text", status=200)
    calls = [_tool_call(block, provider) for block in blocks if block.get("type") == "tool_use"]
    reason = _finish_reason(body.get("stop_reason"))
    # The answer as the input of our own tool: a text for the task, like any other structured output.
    answers = [call.arguments for call in calls if call.name == ANSWER_TOOL]
    if answers:
        texts, calls = answers[:1], [call for call in calls if call.name != ANSWER_TOOL]
        reason = "stop" if reason == "tool_calls" and not calls else reason
    return Choice(
        text="".join(texts) if texts else None,
        finish_reason=reason,
        tool_calls=tuple(calls),
        reasoning="".join(thought for thought in thoughts if isinstance(thought, str)) or None,
    )


def _finish_reason(reason: object) -> str:
    """Return the common word for a reason; an unknown one is kept, and a missing one is `other`."""
    return _FINISH_REASONS.get(reason, reason) if isinstance(reason, str) and reason else "other"


def _blocks(body: Mapping[str, Any], provider: str) -> list[dict[str, Any]]:
    """Return the content as blocks; some servers send it as text, as one block, or with text among them."""
    content = body.get("content")
    given = content if isinstance(content, list) else [content]
    blocks: list[Any] = [{"type": "text", "text": one} if isinstance(one, str) else one for one in given]
    if not all(isinstance(block, dict) for block in blocks):
        raise InvalidResponseError(
            f"{provider} answered without a list of content blocks", *_other_protocol(body), status=200
        )
    return blocks


def _other_protocol(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a body without content looks like, and the setting for it."""
    came = f"its body has {', '.join(map(repr, [*body][:_SHOWN]))}" if body else "its body is empty"
    if "choices" in body or isinstance(body.get("output"), list):
        return (came, "that's OpenAI's protocol: use the backend 'openai'")
    if body.get("type") == "message" or "content" in body:
        return (came,)
    return (came, "does base_url name a server of Anthropic's Messages API?")


def _has_text(block: Mapping[str, Any]) -> bool:
    return block.get("type") not in _WITHOUT_TEXT and isinstance(block.get("text"), str)


def _tool_call(block: Mapping[str, Any], provider: str) -> ToolCall:
    call_id, name, given = block.get("id"), block.get("name"), block.get("input")
    if not isinstance(name, str) or not isinstance(given, dict | str):
        raise InvalidResponseError(
            f"{provider} answered with a tool call that lacks name or input", status=200
        )
    try:
        arguments = given if isinstance(given, str) else orjson.dumps(given).decode()
    # orjson reads 1,024 levels, and writes 254.
    except orjson.JSONEncodeError as error:
        raise InvalidResponseError(
            f"{provider} answered with a tool call whose input is nested too deep", status=200
        ) from error
    return ToolCall(call_id if isinstance(call_id, str) else "", name, arguments)


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("output_tokens_details")
    cached = _count(usage.get("cache_read_input_tokens"))
    return Usage(
        # Anthropic counts tokens that it read from or wrote to its cache separately.
        input_tokens=_count(usage.get("input_tokens"))
        + _count(usage.get("cache_creation_input_tokens"))
        + cached,
        output_tokens=_count(usage.get("output_tokens")),
        cached_tokens=cached,
        reasoning_tokens=_count(details.get("thinking_tokens")) if isinstance(details, dict) else 0,
    )


def _count(value: object) -> int:
    """Return a number of tokens, which some servers send as a float or as text; 0 for anything else."""
    if isinstance(value, int):
        return value if 0 < value < _MOST and value is not True else 0
    return int(float(value)) if isinstance(value, str | float) and _WHOLE.fullmatch(str(value)) else 0


def read_limits(headers: Mapping[str, str]) -> Limits | None:
    """Return what the `anthropic-ratelimit-*` headers say, or None if there are none."""
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
