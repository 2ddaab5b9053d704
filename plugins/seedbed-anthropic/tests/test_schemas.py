"""Schemas are sent as Anthropic's structured output takes them, and in the prompt where it takes none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, create_model
from tests.support.fault_server import FaultServer, Reply
from tests.support.strict_servers import anthropic_problem
from tests.support.typed_models import PLAIN, SPECIAL, Node, models

from seedbed import Request
from seedbed.llm.schemas.in_prompt import without_titles
from seedbed.llm.schemas.structured import fit_schema, schema_of
from seedbed.testing.plausible import fitting
from seedbed_anthropic import AnthropicLLM
from seedbed_anthropic.schema import ANSWER_TOOL, NATIVE

USER = {"role": "user", "content": "x"}
ANSWER = {"content": [{"type": "text", "text": "{}"}], "stop_reason": "end_turn"}


def native(model: Any) -> Any:
    """Return the schema that is sent for a class, or None where it goes into the prompt."""
    request, note = fit_schema(Request(messages=(USER,), schema=schema_of(model)), NATIVE)
    assert (request.schema is None) == bool(note) == (len(request.messages) == 2)
    return request.schema


@settings(deadline=None)
@given(model=models())
def test_what_is_sent_is_what_structured_output_takes(model: type[BaseModel]) -> None:
    sent = native(model)
    if sent is not None:
        assert anthropic_problem(sent) is None


@settings(deadline=None)
@given(model=models(PLAIN + SPECIAL), random=st.randoms(use_true_random=False))
def test_where_the_sdks_schema_is_taken_ours_allows_the_same_answers(
    model: type[BaseModel], random: Any
) -> None:
    # Imported here, since it takes a second and each worker of pytest collects all tests.
    from anthropic import transform_schema

    try:
        theirs = transform_schema(schema_of(model))
    except ValueError:
        return
    ours = native(model)
    # Theirs makes empty objects of those of any keys, where ours goes into the prompt.
    if anthropic_problem(theirs) is not None or ours is None:
        return
    for one, other in ((ours, theirs), (theirs, ours)):
        Draft202012Validator(other).validate(fitting(one, random))


class Bounded(BaseModel):
    name: str = Field(min_length=3, description="The name.")
    score: int = Field(ge=1, le=5)
    tags: list[str] = Field(max_length=4)


class Inner(BaseModel):
    counts: dict[str, int]


class WithDictionary(BaseModel):
    inner: Inner


def asked(server: FaultServer, schema: Any, **fields: Any) -> Any:
    """Return the body of a request with a schema."""
    server.answer_with(Reply(body=json.dumps(ANSWER).encode()))
    settings = {"model": "claude", "api_key": "k", "base_url": server.url, "structured_output": "native"}
    AnthropicLLM(**settings | fields).complete([USER], schema=schema)
    return server.received[-1].json()


def test_bounds_move_to_the_descriptions(fault_server: FaultServer) -> None:
    shape = asked(fault_server, Bounded)["output_config"]["format"]["schema"]
    properties = shape["properties"]
    assert properties["name"]["description"] == "The name. (minLength: 3)"
    assert "minimum: 1" in properties["score"]["description"]
    assert "maxItems: 4" in properties["tags"]["description"]
    assert anthropic_problem(shape) is None


BEYOND = {
    "an object of any keys": WithDictionary,
    "any value": {"type": "object", "properties": {"any": {}}},
    "a list of anything": {"type": "array", "items": True},
    "an open root": {"type": "object", "additionalProperties": {"type": "string"}},
    "recursion": Node,
    "17 unions": create_model("Many", **{f"f{number}": (int | None, None) for number in range(17)}),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("case", BEYOND)
def test_a_schema_beyond_structured_output_goes_into_the_prompt(case: str, fault_server: FaultServer) -> None:
    sent = asked(fault_server, BEYOND[case], thinking=2048)
    assert "output_config" not in sent
    assert "tools" not in sent
    shown = without_titles(schema_of(BEYOND[case]))  # type: ignore[arg-type]
    assert json.dumps(shown, separators=(",", ":")) in sent["system"]


def test_a_forced_tool_takes_what_structured_output_does_not(fault_server: FaultServer) -> None:
    sent = asked(fault_server, WithDictionary, structured_output="tool")
    (tool,) = sent["tools"]
    assert sent["tool_choice"] == {"type": "tool", "name": ANSWER_TOOL}
    Draft202012Validator(tool["input_schema"]).validate({"inner": {"counts": {"a": 1}}})
    tools = ({"name": "weather", "input_schema": {"type": "object"}},)
    request = AnthropicLLM(model="m", api_key="k", structured_output="tool")
    body = request._body(request.request([USER], schema=Bounded, tools=tools))
    assert [tool["name"] for tool in body["tools"]] == ["weather", ANSWER_TOOL]
    assert body["tool_choice"] == {"type": "any"}
