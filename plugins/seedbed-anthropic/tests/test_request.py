"""What the API cannot take is refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed import LLM, Request, UsageError
from seedbed_anthropic import AnthropicLLM
from seedbed_anthropic.request import build_body

USER = {"role": "user", "content": "Name a colour."}


def body(*messages: dict[str, Any], thinking: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    return build_body("claude", Request(messages=messages or (USER,), **asked), thinking=thinking)


@pytest.mark.parametrize("arguments", ["{broken", "[1]", '"text"', "null"])
def test_tool_arguments_that_are_no_object_are_named(arguments: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": arguments}}
    with pytest.raises(UsageError, match="tool 'weather' aren't a JSON object"):
        body(USER, {"role": "assistant", "content": None, "tool_calls": [call]})


def test_a_tool_call_without_arguments_has_an_empty_input() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "now", "arguments": ""}}
    sent = body(USER, {"role": "assistant", "content": None, "tool_calls": [call]})
    assert sent["messages"][1]["content"] == [{"type": "tool_use", "id": "a", "name": "now", "input": {}}]


@pytest.mark.parametrize(
    "image", [{}, {"url": None}, {"url": "data:image/png,raw"}, "data:image/svg+xml;utf8,<svg/>"]
)
def test_an_image_that_the_api_cannot_take_is_refused(image: Any) -> None:
    with pytest.raises(UsageError, match="image"):
        body({"role": "user", "content": [{"type": "image_url", "image_url": image}]})


def test_an_unknown_tool_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown tool_choice 'sometimes'"):
        body(tool_choice="sometimes")


def test_a_thinking_budget_that_leaves_no_answer_is_refused() -> None:
    with pytest.raises(UsageError, match=r"max_tokens is 2000.*budget of 2048"):
        body(max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 2048})


def test_an_empty_system_prompt_is_left_out() -> None:
    assert "system" not in body({"role": "system", "content": ""}, USER)


@pytest.mark.parametrize(
    ("base_url", "setting", "declared"),
    [
        (None, None, True),
        ("https://api.anthropic.com/v1/", None, True),
        ("http://localhost:1", None, False),
        ("http://localhost:1", "tool", True),
        ("http://localhost:1", "native", True),
        (None, "prompt", False),
    ],
)
def test_structured_output_is_declared_where_the_server_has_it(
    base_url: str | None, setting: Any, declared: bool
) -> None:
    llm: LLM = AnthropicLLM(model="claude", base_url=base_url, structured_output=setting)
    assert llm.capabilities.structured_output is declared
