"""What is sent must equal what the official SDK sends for the same arguments."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from tests.support.fault_server import FaultServer, Reply

from seedbed_anthropic import AnthropicLLM

USER = {"role": "user", "content": "Name a colour."}
KEY = "sk-ant-of-the-test"
COLOUR = {
    "title": "Colour",
    "type": "object",
    "properties": {
        "name": {"title": "Name", "type": "string"},
        "mood": {"title": "Mood", "anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["name", "mood"],
}
PNG = "iVBORw0KGgo="
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather in a city.", "parameters": WEATHER},
}
TOOL = {"name": "weather", "description": "The weather in a city.", "input_schema": WEATHER}


class Colour(BaseModel):
    name: str
    mood: str | None


def openai_call(call_id: str, city: str) -> dict[str, Any]:
    arguments = f'{{"city": "{city}"}}'
    return {"id": call_id, "type": "function", "function": {"name": "weather", "arguments": arguments}}


def tool_choice(choice: Any, expected: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"tools": [OPENAI_TOOL], "tool_choice": choice}, {"tools": [TOOL], "tool_choice": expected}


PARAMETERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "max_tokens": ({"max_tokens": 77}, {"max_tokens": 77}),
    "stop": ({"stop": ["END", "\n\n"]}, {"stop_sequences": ["END", "\n\n"]}),
    "extra": (
        {"extra": {"service_tier": "standard_only", "metadata": {"user_id": "u"}}},
        {"service_tier": "standard_only", "metadata": {"user_id": "u"}},
    ),
    "temperature": (
        {"temperature": 0.0},
        {"extra_body": {"temperature": 0.0}, "extra_headers": {"anthropic-version": "2023-06-01"}},
    ),
    "top_p": (
        {"top_p": 0.9},
        {"extra_body": {"top_p": 0.9}, "extra_headers": {"anthropic-version": "2023-06-01"}},
    ),
    "top_k": (
        {"extra": {"top_k": 40}},
        {"extra_body": {"top_k": 40}, "extra_headers": {"anthropic-version": "2023-06-01"}},
    ),
    "tool": ({"tools": [OPENAI_TOOL]}, {"tools": [TOOL]}),
    "server tool": (
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    ),
    "tool_choice auto": tool_choice("auto", {"type": "auto"}),
    "tool_choice none": tool_choice("none", {"type": "none"}),
    "tool_choice required": tool_choice("required", {"type": "any"}),
    "tool_choice function": tool_choice(
        {"type": "function", "function": {"name": "weather"}}, {"type": "tool", "name": "weather"}
    ),
    "tool_choice of Anthropic's form": tool_choice(
        {"type": "auto", "disable_parallel_tool_use": True},
        {"type": "auto", "disable_parallel_tool_use": True},
    ),
    "schema": ({"schema": Colour}, {"output_config": {"format": {"type": "json_schema", "schema": COLOUR}}}),
}

FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "thinking budget": (
        {"thinking": 2048},
        {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 2048 + 4096},
    ),
    "thinking adaptive": (
        {"thinking": "adaptive"},
        {"thinking": {"type": "adaptive"}, "max_tokens": 16384},
    ),
    "thinking disabled": ({"thinking": "disabled"}, {"thinking": {"type": "disabled"}}),
    "thinking object": (
        {"thinking": {"type": "adaptive", "display": "omitted"}, "max_tokens": 9000},
        {"thinking": {"type": "adaptive", "display": "omitted"}, "max_tokens": 9000},
    ),
    "effort": ({"effort": "low"}, {"output_config": {"effort": "low"}}),
    "default headers": (
        {"default_headers": {"anthropic-beta": "one-2026-01-01", "X-Team": "seeds"}},
        {"extra_headers": {"anthropic-beta": "one-2026-01-01", "X-Team": "seeds"}},
    ),
    "ignored sampling": ({"temperature": 0.5, "ignore_sampling": True}, {}),
}

CONVERSATIONS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "system": (
        [{"role": "system", "content": "Be brief."}, USER],
        {"system": "Be brief.", "messages": [USER]},
    ),
    "several systems": (
        [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, USER],
        {
            "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
            "messages": [USER],
        },
    ),
    "system of parts": (
        [
            {
                "role": "system",
                "content": [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}],
            },
            USER,
        ],
        {
            "system": [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}],
            "messages": [USER],
        },
    ),
    "a later system keeps its place": (
        [
            USER,
            {"role": "assistant", "content": "Blue."},
            USER,
            {"role": "developer", "content": "Now in French."},
        ],
        {
            "messages": [
                USER,
                {"role": "assistant", "content": "Blue."},
                USER,
                {"role": "system", "content": "Now in French."},
            ]
        },
    ),
    "image by URL": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
                ],
            }
        ],
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                    ],
                }
            ]
        },
    ),
    "image as data": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                ],
            }
        ],
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                        }
                    ],
                }
            ]
        },
    ),
    "tool results": (
        [
            USER,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [openai_call("a", "Rome"), openai_call("b", "Oslo")],
            },
            {"role": "tool", "tool_call_id": "a", "content": "Sunny"},
            {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "Snow"}]},
            {"role": "assistant", "content": "One more.", "tool_calls": [openai_call("c", "Bern")]},
            {"role": "tool", "tool_call_id": "c", "content": "Fog"},
        ],
        {
            "messages": [
                USER,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Rome"}},
                        {"type": "tool_use", "id": "b", "name": "weather", "input": {"city": "Oslo"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "a", "content": "Sunny"},
                        {
                            "type": "tool_result",
                            "tool_use_id": "b",
                            "content": [{"type": "text", "text": "Snow"}],
                        },
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "One more."},
                        {"type": "tool_use", "id": "c", "name": "weather", "input": {"city": "Bern"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "c", "content": "Fog"}],
                },
            ]
        },
    ),
}


def check_same(
    server: FaultServer,
    message: dict[str, Any],
    llm: AnthropicLLM,
    ours: dict[str, Any],
    theirs: dict[str, Any],
) -> None:
    # Imported here, since it takes a second and each worker of pytest collects all tests.
    from anthropic import Anthropic, transform_schema

    server.answer_with(Reply(body=message))
    llm.complete(**{"messages": [USER], **ours})
    if shape := theirs.get("output_config", {}).get("format"):
        given = {**shape, "schema": transform_schema(shape["schema"])}
        theirs = {**theirs, "output_config": {**theirs["output_config"], "format": given}}
    with Anthropic(api_key=KEY, base_url=server.url, max_retries=0) as client:
        client.messages.create(
            **{"model": "claude-opus-5-5", "max_tokens": 4096, "messages": [USER], **theirs}
        )
    sent, expected = server.received
    assert (sent.method, sent.path, sent.query) == (expected.method, expected.path, expected.query)
    assert sent.json() == expected.json()
    assert compared(sent.headers) == compared(expected.headers)


def compared(headers: Any) -> dict[str, str]:
    """Leave out what belongs to the transport and to the SDK's own retries."""
    transport = ("accept-encoding", "connection", "content-length", "host", "user-agent")
    return {
        name: value
        for name, value in headers.items()
        if name not in transport and not name.startswith("x-stainless-")
    }


def new_llm(server: FaultServer, **fields: Any) -> AnthropicLLM:
    # Servers of others get a schema in the prompt: what Anthropic itself would get is compared here.
    settings = {"model": "claude-opus-5-5", "api_key": KEY, "structured_output": "native"}
    return AnthropicLLM(**{**settings, "base_url": server.url, **fields})


@pytest.mark.parametrize("case", PARAMETERS)
def test_parameters_of_a_call_are_sent_as_the_sdk_sends_them(
    case: str, fault_server: FaultServer, message: dict[str, Any]
) -> None:
    ours, theirs = PARAMETERS[case]
    check_same(fault_server, message, new_llm(fault_server), ours, theirs)


@pytest.mark.parametrize("case", FIELDS)
def test_fields_of_the_llm_are_sent_as_the_sdk_sends_them(
    case: str, fault_server: FaultServer, message: dict[str, Any]
) -> None:
    fields, theirs = FIELDS[case]
    check_same(fault_server, message, new_llm(fault_server, **fields), {}, theirs)


@pytest.mark.parametrize("case", CONVERSATIONS)
def test_messages_are_sent_as_the_sdk_sends_them(
    case: str, fault_server: FaultServer, message: dict[str, Any]
) -> None:
    messages, theirs = CONVERSATIONS[case]
    check_same(fault_server, message, new_llm(fault_server), {"messages": messages}, theirs)


def test_effort_and_schema_share_one_output_config(
    fault_server: FaultServer, message: dict[str, Any]
) -> None:
    schema = PARAMETERS["schema"][1]["output_config"]
    check_same(
        fault_server,
        message,
        new_llm(fault_server, effort="high"),
        {"schema": Colour},
        {"output_config": {"effort": "high", **schema}},
    )


def test_a_bearer_token_is_sent_as_the_sdk_sends_it(
    fault_server: FaultServer, message: dict[str, Any]
) -> None:
    from anthropic import Anthropic

    fault_server.answer_with(Reply(body=message))
    new_llm(fault_server, api_key=None, auth_token="token-of-the-test").complete([USER])
    with Anthropic(auth_token="token-of-the-test", base_url=fault_server.url, max_retries=0) as client:
        client.messages.create(model="claude-opus-5-5", max_tokens=4096, messages=[USER])
    sent, expected = fault_server.received
    assert compared(sent.headers) == compared(expected.headers)
