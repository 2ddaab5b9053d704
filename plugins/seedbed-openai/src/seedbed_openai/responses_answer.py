"""The Responses API: from the body of an answer to a response."""

from __future__ import annotations

from typing import Any

from seedbed import Choice, InvalidResponseError, Limits, Response, ServerError, TokenLogprob, Usage
from seedbed_openai.chat_answer import token_logprobs, tool_call
from seedbed_openai.json_reading import count, mapping, mappings, text

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


def read_responses(body: dict[str, Any], provider: str, limits: Limits | None) -> Response:
    """Return the response in a body; raises InvalidResponseError if there's none.

    Raises ServerError if it says that it failed, but not why.
    """
    status = body.get("status", "completed")
    if status in ("failed", "cancelled"):
        raise ServerError(f"{provider} answered with status '{status}' and no reason")
    if not isinstance(body.get("output"), list) or status not in ("completed", "incomplete"):
        raise InvalidResponseError(
            f"{provider} answered with status {str(status)[:40]!r} and no complete output"
        )
    return Response(
        choices=(_choice(body, provider),),
        usage=_usage(mapping(body.get("usage"))),
        model=text(body.get("model")),
        raw=body,
        limits=limits,
    )


def _choice(body: dict[str, Any], provider: str) -> Choice:
    items = mappings(body["output"])
    content = [part for item in items for part in mappings(item.get("content")) if _is_message(item)]
    texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
    calls = tuple(
        tool_call(item.get("call_id"), item, provider)
        for item in items
        if item.get("type") == "function_call"
    )
    refused = not texts and any(part.get("type") == "refusal" for part in content)
    finish_reason = _finish_reason(body, refused, bool(calls))
    reasoning = _reasoning(items)
    # An answer with only reasoning isn't retried: the row's error says that the tokens were used up.
    reasoned = reasoning is not None or _usage(mapping(body.get("usage"))).reasoning_tokens > 0
    if not texts and not calls and finish_reason == "stop" and not reasoned:
        raise InvalidResponseError(f"{provider} answered without any output")
    return Choice(
        text="".join(texts) if texts else None,
        finish_reason=finish_reason,
        tool_calls=calls,
        reasoning=reasoning,
        logprobs=_logprobs(content),
    )


def _is_message(item: dict[str, Any]) -> bool:
    return item.get("type") == "message"


def _finish_reason(body: dict[str, Any], refused: bool, has_calls: bool) -> str:
    if body.get("status") == "incomplete":
        reason = text(mapping(body.get("incomplete_details")).get("reason"))
        return _INCOMPLETE.get(reason or "", reason or "other")
    if refused:
        return "content_filter"
    return "tool_calls" if has_calls else "stop"


def _reasoning(items: list[dict[str, Any]]) -> str | None:
    """Return the full reasoning if the server sends it, otherwise its summary."""
    thoughts = [item for item in items if item.get("type") == "reasoning"]
    for key in ("content", "summary"):
        found = [text(part.get("text")) for item in thoughts for part in mappings(item.get(key))]
        if any(found):
            return "\n\n".join(filter(None, found))
    return None


def _logprobs(content: list[dict[str, Any]]) -> tuple[TokenLogprob, ...] | None:
    found = [token_logprobs(part.get("logprobs")) for part in content if part.get("logprobs")]
    return tuple(token for tokens in found for token in tokens or ()) or None


def _usage(usage: dict[str, Any]) -> Usage:
    return Usage(
        input_tokens=count(usage.get("input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        cached_tokens=count(mapping(usage.get("input_tokens_details")).get("cached_tokens")),
        reasoning_tokens=count(mapping(usage.get("output_tokens_details")).get("reasoning_tokens")),
    )
