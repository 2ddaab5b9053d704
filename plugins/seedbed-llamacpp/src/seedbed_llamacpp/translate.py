"""From a request to llama.cpp's body, and from its answer to a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed import (
    Choice,
    InvalidResponseError,
    Message,
    Request,
    Response,
    TokenLogprob,
    Usage,
    UsageError,
)
from seedbed_llamacpp.call import Answer

_SEEDS = 2**32 - 1
"""llama.cpp's seeds have 32 bits, and the last value means a random seed."""
_RESERVED = ("messages", "prompt", "n", "stream", "stream_options", "return_progress")
_FINISH_REASONS = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}


def request_body(request: Request) -> dict[str, Any]:
    """Return the request as llama.cpp's chat completions take it, or a raw prompt as its completions do.

    Prompts aren't taken from the cache, since an answer would then depend on what ran before it: 13 of 14
    were the same in the reverse order. Progress is reported while the prompt is read, so that a call can be
    stopped then.
    """
    for name in _RESERVED:
        if name in request.extra:
            raise UsageError(f"'{name}' cannot be set through 'extra'", "the backend sets it itself")
    given = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
        "stop": list(request.stop) or None,
        "seed": None if request.seed is None else request.seed % _SEEDS,
        "response_format": _response_format(request.schema),
        **_logprobs_asked(request),
    }
    return {
        **_asked(request),
        "cache_prompt": False,
        **{name: value for name, value in given.items() if value is not None},
        **request.extra,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
    }


def _asked(request: Request) -> dict[str, Any]:
    if request.raw_prompt:
        return {"prompt": request.prompt}
    return {"messages": [_message(message) for message in request.messages]}


def _logprobs_asked(request: Request) -> dict[str, Any]:
    if request.logprobs is None:
        return {}
    # With 0 alternatives, llama.cpp would leave out the chosen token's own.
    alternatives = max(1, request.logprobs)
    return (
        {"logprobs": alternatives} if request.raw_prompt else {"logprobs": True, "top_logprobs": alternatives}
    )


def _message(message: Message) -> Message:
    # Chat templates of open models only know the role's older name.
    return {**message, "role": "system"} if message["role"] == "developer" else message


def _response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}


def response_of(answer: Answer, request: Request, model: str) -> Response:
    """Return the answer as a response of one choice; `model` is the file's name.

    Raises InvalidResponseError if the answer ended without a reason.
    """
    if answer.finish_reason is None:
        raise InvalidResponseError("llama.cpp ended its answer without saying why")
    text, reasoning = "".join(answer.text), "".join(answer.reasoning)
    choice = Choice(
        text=text,
        finish_reason=_FINISH_REASONS.get(answer.finish_reason, "other"),
        reasoning=reasoning or None,
        logprobs=_logprobs(answer.logprobs, request.logprobs),
    )
    raw = {
        "text": text,
        "reasoning": reasoning,
        "finish_reason": answer.finish_reason,
        "usage": answer.usage,
        "timings": answer.timings,
    }
    return Response(choices=(choice,), usage=_usage(answer.usage), model=model, raw=raw)


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=usage.get("prompt_tokens", 0),
        output_tokens=usage.get("completion_tokens", 0),
        cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
    )


def _logprobs(tokens: list[Mapping[str, Any]], wanted: int | None) -> tuple[TokenLogprob, ...] | None:
    if wanted is None:
        return None
    return tuple(
        TokenLogprob(
            token["token"],
            token["logprob"],
            tuple((other["token"], other["logprob"]) for other in token["top_logprobs"][:wanted]),
        )
        for token in tokens
    )
