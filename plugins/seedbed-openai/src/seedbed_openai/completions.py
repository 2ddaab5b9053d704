"""Completions, which take a raw prompt: from a request to the body of POST /completions, and back.

https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import Any

from seedbed import Limits, Request, Response
from seedbed_openai.chat_answer import read_chat
from seedbed_openai.json_reading import mapping
from seedbed_openai.presets import Preset


def completion_body(request: Request, *, model: str, preset: Preset) -> dict[str, Any]:
    """Return the body for `request`, whose prompt is raw; what is None or empty is left out."""
    body: dict[str, Any] = {
        "model": model,
        "prompt": request.prompt,
        "temperature": request.temperature,
        "top_p": request.top_p,
        # Chat Completions' newer name, `max_completion_tokens`, is unknown here.
        "max_tokens": request.max_tokens,
        "stop": list(request.stop) or None,
        preset.seed_field: request.seed,
        "n": request.n if request.n > 1 else None,
        "logprobs": request.logprobs,
        "stream": False,
    }
    return {name: value for name, value in body.items() if value is not None} | dict(request.extra)


def read_completion(body: dict[str, Any], provider: str, limits: Limits | None) -> Response:
    """Return the response in a body; raises InvalidResponseError if there's none."""
    choices = body.get("choices")
    if isinstance(choices, list):
        readable = {**body, "choices": [_choice(mapping(choice)) for choice in choices]}
        return replace(read_chat(readable, provider, limits), raw=body)
    return read_chat(body, provider, limits)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    """Return a choice in the form of Chat Completions."""
    logprobs = mapping(choice.get("logprobs"))
    if "tokens" not in logprobs:
        return choice
    # OpenAI's own form has parallel lists; other servers use that of Chat Completions.
    columns = (_list(logprobs.get(name)) for name in ("tokens", "token_logprobs", "top_logprobs"))
    content = [
        {
            "token": token,
            "logprob": logprob,
            "top_logprobs": [{"token": other, "logprob": value} for other, value in mapping(top).items()],
        }
        for token, logprob, top in zip_longest(*columns)
    ]
    return {**choice, "logprobs": {"content": content}}
