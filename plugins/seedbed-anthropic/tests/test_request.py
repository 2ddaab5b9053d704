"""What the API cannot take is refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field

from seedbed import LLM, Request, UsageError
from seedbed_anthropic import AnthropicLLM
from seedbed_anthropic.request import build_body
from seedbed_anthropic.schema import ANSWER_TOOL

USER = {"role": "user", "content": "Name a colour."}


def body(*messages: dict[str, Any], thinking: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    return build_body("claude", Request(messages=messages or (USER,), **asked), thinking=thinking)


@pytest.mark.parametrize("arguments", ["{broken", "[1]", '"text"', "null"])
def test_tool_arguments_that_are_no_object_are_named(arguments: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": arguments}}
    with pytest.raises(UsageError, match="tool 'weather' are no JSON object"):
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


class Bounded(BaseModel):
    name: str = Field(min_length=3, description="The name.")
    score: int = Field(ge=1, le=5)
    tags: list[str] = Field(max_length=4)


def test_bounds_move_to_the_descriptions() -> None:
    shape = body(schema=Bounded.model_json_schema())["output_config"]["format"]["schema"]
    properties = shape["properties"]
    assert properties["name"]["description"] == "The name.\n\n{minLength: 3}"
    assert "minimum: 1" in properties["score"]["description"]
    assert "maxItems: 4" in properties["tags"]["description"]
    assert not {"minLength", "minimum", "maximum", "maxItems"} & {
        key for p in properties.values() for key in p
    }


class Inner(BaseModel):
    counts: dict[str, int]


class WithDictionary(BaseModel):
    inner: Inner


@pytest.mark.parametrize(
    "schema",
    [
        WithDictionary.model_json_schema(),
        {"type": "object", "properties": {"any": {}}},
        {"type": ["string", "null"]},
        {"type": "array", "items": True},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ],
)
def test_a_schema_beyond_structured_output_becomes_a_forced_tool(schema: dict[str, Any]) -> None:
    sent = body(schema=schema)
    assert "output_config" not in sent
    assert sent["tools"][0]["input_schema"] == schema
    assert sent["tool_choice"] == {"type": "tool", "name": ANSWER_TOOL}


def test_beside_other_tools_the_model_may_call_those_first() -> None:
    sent = body(schema={"type": "object", "properties": {"any": {}}}, tools=({"name": "weather"},))
    assert [tool["name"] for tool in sent["tools"]] == ["weather", ANSWER_TOOL]
    assert sent["tool_choice"] == {"type": "any"}


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
