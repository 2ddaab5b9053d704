"""What comes back is a response or a typed error, whatever a server sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed import (
    HTTPAnswer,
    InvalidOutputError,
    InvalidResponseError,
    Limits,
    LLMError,
    Response,
    Task,
    ToolCall,
    Usage,
    parse_body,
)
from seedbed.testing import Reply, ScriptedServer
from seedbed_anthropic import AnthropicLLM
from seedbed_anthropic.response import read_limits, read_response
from seedbed_anthropic.schema import ANSWER_TOOL
from seedbed_anthropic.streamed import message_of_events


class Sky(Task):
    template: str = "What colour is the sky?"


def read(message: dict[str, Any], **changes: Any) -> Response:
    return read_response({**message, **changes}, {}, "Anthropic")


def test_texts_are_joined_and_thinking_is_kept_apart(message: dict[str, Any]) -> None:
    content = [
        {"type": "thinking", "thinking": "Sky. ", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "thinking", "thinking": "Sea.", "signature": "s"},
        {"type": "text", "text": "Blue"},
        {"type": "text", "text": "."},
    ]
    choice = read(message, content=content).choices[0]
    assert (choice.text, choice.reasoning, choice.finish_reason) == ("Blue.", "Sky. Sea.", "stop")


def test_tool_use_becomes_tool_calls(message: dict[str, Any]) -> None:
    content = [{"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Zürich"}}]
    choice = read(message, content=content, stop_reason="tool_use").choices[0]
    assert choice.text is None
    assert choice.finish_reason == "tool_calls"
    assert choice.tool_calls == (ToolCall("t1", "weather", '{"city":"Zürich"}'),)


def test_the_input_of_the_answer_tool_is_the_text(message: dict[str, Any]) -> None:
    content = [
        {"type": "text", "text": "Here it is."},
        {"type": "tool_use", "id": "t1", "name": ANSWER_TOOL, "input": {"name": "blue"}},
    ]
    choice = read(message, content=content, stop_reason="tool_use").choices[0]
    assert (choice.text, choice.finish_reason, choice.tool_calls) == ('{"name":"blue"}', "stop", ())


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("of_the_future", "of_the_future"),
        (None, "other"),
    ],
)
def test_stop_reasons(message: dict[str, Any], reason: str | None, expected: str) -> None:
    assert read(message, stop_reason=reason).choices[0].finish_reason == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([{"type": "thinking", "thinking": "Hm.", "signature": "s"}], "max_tokens"),
        ([{"type": "redacted_thinking", "data": "x"}], "max_tokens"),
        ([], "model_context_window_exceeded"),
        ([{"type": "thinking", "thinking": "Hm.", "signature": "s"}], "end_turn"),
    ],
)
def test_tokens_that_all_went_into_thinking_name_the_parameters(
    message: dict[str, Any], content: Any, reason: str
) -> None:
    usage = {"output_tokens": 64, "output_tokens_details": {"thinking_tokens": 64}}
    changed = {**message, "content": content, "stop_reason": reason, "usage": usage}
    with ScriptedServer() as server:
        server.answer_with(Reply(body=changed))
        llm = AnthropicLLM(model="claude", api_key="x", base_url=server.url)
        with pytest.raises(InvalidOutputError, match="reasoning") as caught:
            Sky(llm=llm, max_reasks=0).process({})
    assert all(f"llm.{name}" in str(caught.value) for name in ("max_tokens", "thinking", "effort"))


def test_input_tokens_include_the_cached_ones(message: dict[str, Any]) -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 40,
        "output_tokens": 20,
        "output_tokens_details": {"thinking_tokens": 12},
    }
    assert read(message, usage=usage).usage == Usage(350, 20, 300, 12)


def test_an_empty_answer_has_no_text(message: dict[str, Any]) -> None:
    assert read(message, content=[]).choices[0].text is None


@pytest.mark.parametrize(
    "content", [None, 7, [None], [{"type": "text"}], [{"type": "tool_use", "id": "a", "name": "b"}]]
)
def test_a_body_that_is_no_message_is_an_invalid_response(message: dict[str, Any], content: Any) -> None:
    with pytest.raises(InvalidResponseError):
        read(message, content=content)


def test_limits_are_read_from_the_headers() -> None:
    past, soon = (
        (datetime.now(UTC) + timedelta(seconds=s)).isoformat().replace("+00:00", "Z") for s in (-60, 60)
    )
    limits = read_limits(
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": past,
            "anthropic-ratelimit-tokens-limit": "80000",
            "anthropic-ratelimit-tokens-remaining": "many",
            "anthropic-ratelimit-tokens-reset": soon,
        }
    )
    assert limits is not None
    assert limits[:5] == Limits(50, 49, 0.0, 80000, None)[:5]
    assert limits.tokens_reset is not None
    assert 0 < limits.tokens_reset <= 60
    assert read_limits({"retry-after": "3"}) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "thinking", "tool_use", "image"]) | JSON,
        "text": st.text() | JSON,
        "thinking": JSON,
        "id": st.text() | JSON,
        "name": st.sampled_from(["weather", ANSWER_TOOL]) | JSON,
        "input": st.dictionaries(st.text(), JSON) | JSON,
    },
)
COUNTS = st.sampled_from(
    ["input_tokens", "output_tokens", "cache_read_input_tokens", "output_tokens_details", "other"]
)
BODIES = JSON | st.fixed_dictionaries(
    {"content": st.lists(BLOCKS) | JSON},
    optional={
        "stop_reason": st.sampled_from(["end_turn", "tool_use"]) | JSON,
        "usage": st.dictionaries(COUNTS, JSON) | JSON,
        "model": JSON,
        "error": JSON,
    },
)
HEADERS = st.dictionaries(
    st.sampled_from([f"anthropic-ratelimit-tokens-{what}" for what in ("limit", "remaining", "reset")]),
    st.text(max_size=30) | st.datetimes().map(datetime.isoformat) | st.integers().map(str),
)


@pytest.mark.slow
@given(body=BODIES, headers=HEADERS)
def test_any_json_gives_a_response_or_a_typed_error(body: Any, headers: dict[str, str]) -> None:
    answer = HTTPAnswer(200, headers, orjson.dumps(body))
    try:
        response = read_response(parse_body(answer, "Anthropic"), answer.headers, "Anthropic")
    except LLMError:
        return
    choice = response.choices[0]
    assert choice.text is None or isinstance(choice.text, str)
    assert min(response.usage.input_tokens, response.usage.output_tokens) >= 0


EVENTS = [
    {"type": "message_start", "message": {"model": "m", "content": [], "usage": {"input_tokens": 7}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t", "name": "f"},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"a"'},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": ": 1}"},
    },
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
]


def test_a_message_that_was_streamed_unasked_is_put_together() -> None:
    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
    answer = HTTPAnswer(200, {}, stream.encode())
    response = read_response(parse_body(answer, "Anthropic", assemble=message_of_events), {}, "Anthropic")
    (choice,) = response.choices
    assert (choice.text, choice.reasoning, choice.finish_reason) == ("Hello", "Hm.", "tool_calls")
    assert choice.tool_calls == (ToolCall("t", "f", '{"a":1}'),)
    assert response.usage == Usage(7, 5)


def test_a_stream_that_breaks_off_is_no_message() -> None:
    with pytest.raises(InvalidResponseError):
        message_of_events(EVENTS[:6])


def test_a_tool_call_that_is_nested_too_deep_is_an_invalid_response() -> None:
    given = orjson.loads('{"a": ' + "[" * 300 + "]" * 300 + "}")
    body = {"content": [{"type": "tool_use", "id": "1", "name": "f", "input": given}]}
    with pytest.raises(InvalidResponseError, match="nested too deep"):
        read_response(body, {}, "Anthropic")
