"""Chat Completions, from the server's side.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Limits, Response, TokenLogprob, Usage
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.wire import Asked, Refusal, Wire, key_in


class ChatCompletions(Wire):
    """The protocol of OpenAI's POST /chat/completions, which many servers speak; the base URL ends in /v1.

    A body with a `prompt`, as for POST /completions, is a raw prompt.
    """

    overflow = Refusal(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages have 9000 tokens.",
        "context_length_exceeded",
    )

    def fields(self, url: str, key: str) -> dict[str, Any]:
        """Return the address with its /v1, and the key."""
        return super().fields(f"{url}/v1", key)

    def read(self, received: Received) -> Asked:
        """Return what the body asks for."""
        body: dict[str, Any] = received.json()
        model = body.pop("model", "")
        return Asked(model, key_in(received), request_in(body))

    def answer(self, response: Response) -> Reply:
        """Return a body of type `chat.completion`."""
        choices = [_choice(index, choice) for index, choice in enumerate(response.choices)]
        return Reply(
            body={
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": response.model or "some-model",
                "choices": choices,
                "usage": _usage(response.usage),
            }
        )

    def refusal(self, refusal: Refusal) -> Reply:
        """Return an error object."""
        error = {"message": refusal.message, "type": "error", "param": None, "code": refusal.code or None}
        return Reply(refusal.status, {"error": error})

    def limit_headers(self, limits: Limits) -> Mapping[str, str]:
        """Return the headers `x-ratelimit-*`; they give resets as durations."""
        values = (limits.requests, limits.requests_left, limits.tokens, limits.tokens_left)
        names = ("limit-requests", "remaining-requests", "limit-tokens", "remaining-tokens")
        resets = {"reset-requests": limits.requests_reset, "reset-tokens": limits.tokens_reset}
        told = dict(zip(names, map(str, values), strict=True)) | {name: f"{s}s" for name, s in resets.items()}
        return {f"x-ratelimit-{name}": value for name, value in told.items()}


def request_in(body: dict[str, Any]) -> Request:
    """Return the request in a body without its model; what is understood is removed from the body."""
    stop = body.pop("stop", None) or ()
    logprobs, top = body.pop("logprobs", None), body.pop("top_logprobs", None)
    prompt = body.pop("prompt", None)
    messages = body.pop("messages", ()) if prompt is None else [{"role": "user", "content": prompt}]
    tokens = [body.pop(name, None) for name in ("max_completion_tokens", "max_tokens")]
    seeds = [body.pop(name, None) for name in ("seed", "random_seed")]
    return Request(
        messages=tuple(messages),
        n=body.pop("n", 1),
        temperature=body.pop("temperature", None),
        top_p=body.pop("top_p", None),
        max_tokens=next((number for number in tokens if number is not None), None),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=next((seed for seed in seeds if seed is not None), None),
        schema=_schema(body.pop("response_format", None)),
        tools=tuple(body.pop("tools", None) or ()),
        tool_choice=body.pop("tool_choice", None),
        logprobs=logprobs if prompt is not None else (top or 0) if logprobs else None,
        extra=body,
        raw_prompt=prompt is not None,
    )


def _schema(response_format: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    schema: Mapping[str, Any] | None = (response_format or {}).get("json_schema", {}).get("schema")
    return schema


def _choice(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text}
    if choice.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in choice.tool_calls
        ]
    logprobs = None if choice.logprobs is None else {"content": logprobs_of(choice.logprobs)}
    return {"index": index, "message": message, "finish_reason": choice.finish_reason, "logprobs": logprobs}


def logprobs_of(tokens: tuple[TokenLogprob, ...]) -> list[dict[str, Any]]:
    """Return log probabilities in OpenAI's form."""
    return [
        {
            "token": token.token,
            "logprob": token.logprob,
            "top_logprobs": [{"token": other, "logprob": logprob} for other, logprob in token.top],
        }
        for token in tokens
    ]


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
