"""Chat Completions: from the body of an answer to a response."""

from __future__ import annotations

from typing import Any

import orjson

from seedbed import Choice, InvalidResponseError, Limits, Response, TokenLogprob, ToolCall, Usage
from seedbed_openai.json_reading import count, mapping, mappings, text

_FINISH_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def read_chat(body: dict[str, Any], provider: str, limits: Limits | None) -> Response:
    """Return the response that a body holds; raises InvalidResponseError for one that holds none."""
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise InvalidResponseError(f"{provider} answered without any choice")
    return Response(
        choices=tuple(_choice(choice, provider) for choice in choices),
        usage=_usage(mapping(body.get("usage"))),
        model=text(body.get("model")),
        raw=body,
        limits=limits,
    )


def _choice(choice: Any, provider: str) -> Choice:
    message = mapping(choice).get("message")
    if not isinstance(message, dict):
        raise InvalidResponseError(f"{provider} answered with a choice that has no message")
    word = choice.get("finish_reason")
    finish_reason = _FINISH_REASONS.get(word, "other") if isinstance(word, str) else "other"
    content, thinking = _content(message.get("content"), provider)
    calls = tuple(_tool_call(call, provider) for call in mappings(message.get("tool_calls")))
    reasoning = text(message.get("reasoning_content")) or text(message.get("reasoning")) or thinking
    if content is None and not calls and text(message.get("refusal")):
        finish_reason = "content_filter"
    elif content is None and not calls and finish_reason == "stop" and reasoning is None:
        raise InvalidResponseError(f"{provider} answered with a message that has no content")
    return Choice(
        text=content,
        finish_reason=finish_reason,
        tool_calls=calls,
        reasoning=reasoning,
        logprobs=token_logprobs(mapping(choice.get("logprobs")).get("content"), provider),
    )


def _content(content: Any, provider: str) -> tuple[str | None, str | None]:
    """Return text and reasoning of a message's content, which some servers send in parts."""
    if content is None or isinstance(content, str):
        return content, None
    if not isinstance(content, list):
        raise InvalidResponseError(f"{provider} answered with content of type {type(content).__name__}")
    texts = [text(part.get("text")) or "" for part in mappings(content) if part.get("type") == "text"]
    thoughts = [
        text(thought.get("text")) or ""
        for part in mappings(content)
        if part.get("type") == "thinking"
        for thought in mappings(part.get("thinking"))
    ]
    return "".join(texts) if texts else None, "".join(thoughts) or None


def _tool_call(call: dict[str, Any], provider: str) -> ToolCall:
    function = mapping(call.get("function"))
    return tool_call(call.get("id"), function, provider)


def tool_call(identity: Any, function: dict[str, Any], provider: str) -> ToolCall:
    """Return the call of a function given by `name` and `arguments`."""
    name, arguments = text(function.get("name")), function.get("arguments")
    if name is None:
        raise InvalidResponseError(f"{provider} answered with a tool call that has no name")
    if not isinstance(arguments, str):
        arguments = orjson.dumps({} if arguments is None else arguments).decode()
    return ToolCall(id=text(identity) or "", name=name, arguments=arguments)


def token_logprobs(tokens: Any, provider: str) -> tuple[TokenLogprob, ...] | None:
    """Return the log probabilities of an answer's tokens, None where there are none."""
    if not isinstance(tokens, list):
        return None
    return tuple(
        TokenLogprob(
            *_token(token, provider),
            top=tuple(_token(other, provider) for other in mappings(mapping(token).get("top_logprobs"))),
        )
        for token in tokens
    )


def _token(token: Any, provider: str) -> tuple[str, float]:
    word, logprob = mapping(token).get("token"), mapping(token).get("logprob")
    if not isinstance(word, str) or not isinstance(logprob, int | float):
        raise InvalidResponseError(f"{provider} answered with a token that has no log probability")
    return word, float(logprob)


def _usage(usage: dict[str, Any]) -> Usage:
    cached = mapping(usage.get("prompt_tokens_details")).get("cached_tokens")
    return Usage(
        input_tokens=count(usage.get("prompt_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        cached_tokens=count(cached) or count(usage.get("prompt_cache_hit_tokens")),
        reasoning_tokens=count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )
