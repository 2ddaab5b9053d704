"""Builds requests: an LLM's own parameters, those of the call, and the checks of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.errors import UsageError
from seedbed.llm.json_copies import json_copy
from seedbed.llm.messages import Message, check_messages, check_raw_prompt
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.request import Request
from seedbed.llm.schemas.structured import shared_schema
from seedbed.suggestions import did_you_mean

_CALL_PARAMETERS = frozenset(GenerationParameters.model_fields) | {
    "schema",
    "tools",
    "tool_choice",
    "raw_prompt",
    "explained",
}


def build_request(
    own: GenerationParameters, messages: Sequence[Message], n: int, parameters: Mapping[str, Any]
) -> Request:
    """Return a request with the `own` parameters of an LLM, unless `parameters` set them."""
    if n < 1:
        raise UsageError(f"cannot make {n} generations", "num_generations is 1 or more")
    # Its own `extra`, not the default that all requests share, which can't be pickled. And a backend that
    # changes it must not change other requests.
    merged = {"extra": {}, **own.given()}
    for name, value in parameters.items():
        if name not in _CALL_PARAMETERS:
            raise UsageError(f"unknown parameter '{name}'", *did_you_mean(name, _CALL_PARAMETERS))
        # None means "as the LLM has it", so that callers can pass on their own optional parameters.
        if value is not None:
            merged[name] = value
    if "stop" in merged:
        merged["stop"] = (merged["stop"],) if isinstance(merged["stop"], str) else tuple(merged["stop"])
    if "schema" in merged:
        merged["schema"] = shared_schema(merged["schema"])
    if "tools" in merged:
        merged["tools"] = json_copy(tuple(merged["tools"]))
    # Of its own: what an author changes while a call waits for its permit must not change the call.
    checked = json_copy(check_messages(messages))
    if merged.get("raw_prompt"):
        check_raw_prompt(checked, merged)
    return Request(messages=checked, n=n, **merged)


def check_inputs(inputs: Sequence[Sequence[Message]]) -> None:
    """Raise UsageError if inputs aren't several conversations, but one text, message or conversation."""
    # Before anything is sent: a text is a sequence too, and each letter of it would become a conversation.
    if isinstance(inputs, str | Mapping) or any(isinstance(item, str | Mapping) for item in inputs):
        raise UsageError(
            "inputs must be a list of conversations, each a list of messages",
            'write inputs=[[{"role": "user", "content": "..."}]]',
        )
