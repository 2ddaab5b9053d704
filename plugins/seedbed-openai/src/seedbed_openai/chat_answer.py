"""Chat Completions: from the body of an answer to a response.

It's lenient, because the answer was paid for: a field of another type counts as missing, and only an answer
without any content is an error.
"""

from __future__ import annotations

from typing import Any

import orjson

from seedbed import Choice, InvalidResponseError, Limits, Response, TokenLogprob, ToolCall, Usage
from seedbed_openai.json_reading import count, mapping, mappings, text

# OpenAI's own words, and those that compatible servers send instead: Together `eos`, Mistral `model_length`.
_FINISH_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "stop_token": "stop",
    "end": "stop",
    "complete": "stop",
    "completed": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "content_filter",
}
_SHOWN = 8
_THOUGHTS = ("thinking", "reasoning", "reasoning_text", "summary_text")


def read_chat(body: dict[str, Any], provider: str, limits: Limits | None) -> Response:
    """Return the response in a body; raises InvalidResponseError if there's none."""
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise InvalidResponseError(f"{provider} answered without any choice", *_other_protocol(body))
    usage = _usage(mapping(body.get("usage")))
    return Response(
        choices=tuple([_choice(mapping(choice), usage, provider) for choice in choices]),
        usage=usage,
        model=text(body.get("model")),
        raw=body,
        limits=limits,
    )


def _other_protocol(body: dict[str, Any]) -> tuple[str, ...]:
    """Return what a body without choices looks like, and the setting for it."""
    came = f"its body has {', '.join(map(repr, [*body][:_SHOWN]))}" if body else "its body is empty"
    if isinstance(body.get("output"), list):
        return (came, "that's the Responses API: --set llm.api=responses (api='responses' in Python)")
    if "stop_reason" in body and isinstance(body.get("content"), list):
        return (came, "that's Anthropic's Messages API: use the backend 'anthropic'")
    if "done" in body or "response" in body:
        return (came, "that's Ollama's own API: base_url should end in /v1")
    if "choices" in body:
        return (came,)
    return (came, "does base_url name an API of OpenAI's form, with its /v1?")


def _choice(choice: dict[str, Any], usage: Usage, provider: str) -> Choice:
    message = _message(choice, provider)
    finish_reason = _finish_reason(choice.get("finish_reason"))
    content, thinking = _content(message.get("content"), provider)
    calls = tuple(_tool_call(call, provider) for call in mappings(message.get("tool_calls")))
    reasoning = text(message.get("reasoning_content")) or text(message.get("reasoning")) or thinking
    is_silent = content is None and not calls
    # DeepSeek and vLLM send `reasoning_content`, OpenRouter `reasoning`, Mistral parts of type `thinking`.
    if is_silent and text(message.get("refusal")):
        finish_reason = "content_filter"
    elif is_silent and finish_reason == "stop" and not (reasoning or usage.reasoning_tokens):
        # An answer with only reasoning isn't retried: the row's error says that the tokens were used up.
        raise InvalidResponseError(f"{provider} answered with a message that has no content")
    return Choice(
        text=content,
        finish_reason=finish_reason,
        tool_calls=calls,
        reasoning=reasoning,
        logprobs=token_logprobs(mapping(choice.get("logprobs")).get("content")),
    )


def _message(choice: dict[str, Any], provider: str) -> dict[str, Any]:
    """Return the message of a choice; some servers send it as `delta`, as `text`, or as text alone."""
    for name in ("message", "delta", "text"):
        found = choice.get(name)
        if isinstance(found, dict):
            return found
        if isinstance(found, str):
            return {"content": found}
    has = ", ".join(map(repr, choice)) or "nothing"
    raise InvalidResponseError(
        f"{provider} answered with a choice that has no message", f"the choice has {has}"
    )


def _finish_reason(word: Any) -> str:
    """Return the common word for a reason; an unknown one is kept, and a missing one is `other`."""
    if not isinstance(word, str) or not word.strip():
        return "other"
    return _FINISH_REASONS.get(word.strip().lower(), word)


def _content(content: Any, provider: str) -> tuple[str | None, str | None]:
    """Return the text and the reasoning of a message's content, which some servers send in parts."""
    if content is None or isinstance(content, str):
        return content, None
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise InvalidResponseError(f"{provider} answered with content of type {type(content).__name__}")
    parts = [{"text": part} if isinstance(part, str) else mapping(part) for part in content]
    texts = [_text_of(part) for part in parts if part.get("type") not in _THOUGHTS]
    thoughts = [_text_of(part) for part in parts if part.get("type") in _THOUGHTS]
    found = [part for part in texts if part is not None]
    return "".join(found) if found else None, "".join(filter(None, thoughts)) or None


def _text_of(part: dict[str, Any]) -> str | None:
    """Return the text of a part, under its usual name or under the name of its type."""
    for name in ("text", "content", str(part.get("type"))):
        value = part.get(name)
        if isinstance(value, str):
            return value
        inner = [text(mapping(one).get("text")) or "" for one in value] if isinstance(value, list) else []
        if inner:
            return "".join(inner)
    return None


def _tool_call(call: dict[str, Any], provider: str) -> ToolCall:
    function = mapping(call.get("function"))
    return tool_call(call.get("id"), function, provider)


def tool_call(identity: Any, function: dict[str, Any], provider: str) -> ToolCall:
    """Return the call of a function given by `name` and `arguments`."""
    name, arguments = text(function.get("name")), function.get("arguments")
    if name is None:
        raise InvalidResponseError(f"{provider} answered with a tool call that has no name")
    # Some servers send the arguments parsed; OpenAI's form is JSON text.
    if not isinstance(arguments, str):
        arguments = _json_of({} if arguments is None else arguments, provider)
    return ToolCall(id=text(identity) or "", name=name, arguments=arguments)


def _json_of(arguments: Any, provider: str) -> str:
    try:
        return orjson.dumps(arguments).decode()
    # orjson reads 1,024 levels, and writes 254.
    except orjson.JSONEncodeError as error:
        raise InvalidResponseError(
            f"{provider} answered with a tool call whose arguments are nested too deep"
        ) from error


def token_logprobs(tokens: Any) -> tuple[TokenLogprob, ...] | None:
    """Return the log probabilities of an answer's tokens, or None if some can't be read.

    The answer is worth more than they are: a NaN in one of them doesn't justify asking again.
    """
    if not isinstance(tokens, list):
        return None
    found = [_token(token) for token in tokens]
    known = [token for token in found if token is not None]
    return tuple(known) if len(known) == len(found) else None


def _token(token: Any) -> TokenLogprob | None:
    own = _word_and_logprob(token)
    others = (_word_and_logprob(other) for other in mappings(mapping(token).get("top_logprobs")))
    return TokenLogprob(*own, top=tuple(filter(None, others))) if own else None


def _word_and_logprob(token: Any) -> tuple[str, float] | None:
    word, logprob = mapping(token).get("token"), mapping(token).get("logprob")
    if not isinstance(word, str) or not isinstance(logprob, int | float):
        return None
    return word, float(logprob)


def _usage(usage: dict[str, Any]) -> Usage:
    cached = mapping(usage.get("prompt_tokens_details")).get("cached_tokens")
    return Usage(
        input_tokens=count(usage.get("prompt_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        # The second name is DeepSeek's.
        cached_tokens=count(cached) or count(usage.get("prompt_cache_hit_tokens")),
        reasoning_tokens=count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )
