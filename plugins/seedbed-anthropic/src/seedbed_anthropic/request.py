"""From a Seedbed request to the body of a Messages request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed import Request, UsageError
from seedbed_anthropic.messages import split_system, translate
from seedbed_anthropic.schema import ANSWER_TOOL, answer_tool, output_format

DEFAULT_MAX_TOKENS = 4096
"""The longest answer by default, in addition to the thinking budget; the API requires a number."""

ADAPTIVE_MAX_TOKENS = 16384
"""The same with adaptive thinking, which has no budget and counts as part of the answer."""

SAMPLING = ("temperature", "top_p", "top_k")
"""Parameters that API versions after 2023-06-01 refuse."""


def build_body(
    model: str,
    request: Request,
    *,
    thinking: Mapping[str, Any] | None = None,
    effort: str | None = None,
    native_schema: bool = True,
) -> dict[str, Any]:
    """Return the body; `native_schema` says whether a schema goes to `output_config` or to a tool.

    Raises UsageError for what the API can't take.
    """
    system, messages = split_system(request.messages)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": max_tokens(request.max_tokens, thinking),
        "messages": translate(messages),
    }
    optional = {
        "system": system,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop) or None,
        "thinking": thinking,
        "tools": [tool(definition) for definition in request.tools] or None,
        "tool_choice": tool_choice(request.tool_choice),
        "output_config": {"effort": effort} if effort else None,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    if request.schema is not None:
        _add_schema(body, request.schema, native_schema)
    return body | dict(request.extra)


def max_tokens(wanted: int | None, thinking: Mapping[str, Any] | None) -> int:
    """Return `max_tokens`; raises UsageError if thinking would leave nothing for the answer."""
    kind = thinking.get("type") if thinking else None
    budget = int(thinking.get("budget_tokens", 0)) if thinking and kind == "enabled" else 0
    if wanted is None:
        return ADAPTIVE_MAX_TOKENS if kind == "adaptive" else budget + DEFAULT_MAX_TOKENS
    if wanted <= budget:
        raise UsageError(
            f"max_tokens is {wanted}, which the thinking budget of {budget} uses up",
            "thinking counts as part of the answer: set max_tokens above the budget, or leave it out",
        )
    return wanted


def tool(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool definition of OpenAI's form in Anthropic's; others, such as server tools, unchanged."""
    function = definition.get("function")
    if definition.get("type") != "function" or not isinstance(function, Mapping):
        return dict(definition)
    translated = {name: function[name] for name in ("name", "description", "strict") if name in function}
    translated["input_schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    return translated


def tool_choice(choice: str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a tool choice of OpenAI's form in Anthropic's; raises UsageError for an unknown word."""
    if choice is None:
        return None
    if isinstance(choice, str):
        words = {"auto": "auto", "none": "none", "required": "any", "any": "any"}
        if choice not in words:
            raise UsageError(
                f"unknown tool_choice '{choice}'", "known: auto, none, required, or a function by its name"
            )
        return {"type": words[choice]}
    function = choice.get("function")
    if choice.get("type") == "function" and isinstance(function, Mapping):
        return {"type": "tool", "name": function.get("name")}
    return dict(choice)


def _add_schema(body: dict[str, Any], schema: Mapping[str, Any], native: bool) -> None:
    if native:
        body["output_config"] = {**body.get("output_config", {}), "format": output_format(schema)}
        return
    # With tools of the user's, the model may use one of those first, so no tool is forced by name.
    others = body.get("tools", [])
    body["tools"] = [*others, answer_tool(schema)]
    body["tool_choice"] = {"type": "any"} if others else {"type": "tool", "name": ANSWER_TOOL}
