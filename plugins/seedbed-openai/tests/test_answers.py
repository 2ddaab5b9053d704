"""What is read from the bodies that servers send."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed import (
    HTTPAnswer,
    InvalidResponseError,
    LLMError,
    Response,
    ServerError,
    TokenLogprob,
    ToolCall,
    Usage,
    parse_body,
)
from seedbed_openai.chat_answer import read_chat
from seedbed_openai.responses_answer import read_responses

CHAT = {
    "model": "gpt-x-2025",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hi", "reasoning_content": "Let me greet."},
            "logprobs": {
                "content": [
                    {"token": "Hi", "logprob": -0.5, "top_logprobs": [{"token": "Ho", "logprob": -1}]}
                ]
            },
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
}
RESPONSES = {
    "status": "completed",
    "model": "gpt-x-2025",
    "error": None,
    "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Let me greet."}]},
        {
            "type": "message",
            "content": [
                {
                    "type": "output_text",
                    "text": "Hi",
                    "logprobs": [
                        {"token": "Hi", "logprob": -0.5, "top_logprobs": [{"token": "Ho", "logprob": -1}]}
                    ],
                }
            ],
        },
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 3},
    },
}


def chat(message: Any, finish_reason: Any = "stop") -> Response:
    body = {"choices": [{"message": message, "finish_reason": finish_reason}]}
    return read_chat(body, "the server", None)


def responses(output: Any, **fields: Any) -> Response:
    return read_responses({"status": "completed", "output": output} | fields, "the server", None)


@pytest.mark.parametrize(("read", "body"), [(read_chat, CHAT), (read_responses, RESPONSES)])
def test_every_field_of_a_response_is_read(read: Any, body: Any) -> None:
    response = read(body, "the server", None)
    (choice,) = response.choices
    assert (choice.text, choice.finish_reason, choice.reasoning) == ("Hi", "stop", "Let me greet.")
    assert choice.logprobs == (TokenLogprob("Hi", -0.5, (("Ho", -1.0),)),)
    assert response.usage == Usage(10, 5, 4, 3)
    assert response.model == "gpt-x-2025"
    assert response.raw is body


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("eos", "stop"),
        ("EOS_TOKEN", "stop"),
        ("recitation", "recitation"),
        ("", "other"),
        (None, "other"),
        ({}, "other"),
    ],
)
def test_finish_reasons_are_put_into_common_words(word: Any, reason: str) -> None:
    assert chat({"content": "Hi"}, word).choices[0].finish_reason == reason


def test_a_refusal_is_no_text() -> None:
    choice = chat({"content": None, "refusal": "I cannot help."}).choices[0]
    assert (choice.text, choice.finish_reason) == (None, "content_filter")
    output = [{"type": "message", "content": [{"type": "refusal", "refusal": "I cannot help."}]}]
    choice = responses(output).choices[0]
    assert (choice.text, choice.finish_reason) == (None, "content_filter")


def test_tool_calls_are_read_with_arguments_as_text() -> None:
    calls = [
        {"id": "a", "function": {"name": "laugh", "arguments": '{"x":1}'}},
        {"id": "b", "function": {"name": "cry", "arguments": {"y": 2}}},
    ]
    choice = chat({"content": None, "tool_calls": calls}, "tool_calls").choices[0]
    assert choice.text is None
    assert choice.tool_calls == (ToolCall("a", "laugh", '{"x":1}'), ToolCall("b", "cry", '{"y":2}'))
    item = {"type": "function_call", "call_id": "a", "name": "laugh", "arguments": "{}"}
    choice = responses([item]).choices[0]
    assert (choice.tool_calls, choice.finish_reason) == ((ToolCall("a", "laugh", "{}"),), "tool_calls")


def test_content_in_parts_is_split_into_text_and_thinking() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "H"},
        {"type": "text", "text": "i"},
    ]
    choice = chat({"content": parts}).choices[0]
    assert (choice.text, choice.reasoning) == ("Hi", "Hm.")


def test_an_answer_cut_while_thinking_has_no_text() -> None:
    choice = chat({"content": None, "reasoning": "Hm"}, "length").choices[0]
    assert (choice.text, choice.finish_reason, choice.reasoning) == (None, "length", "Hm")
    response = responses([], status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert (response.choices[0].text, response.choices[0].finish_reason) == (None, "length")
    filtered = responses([], status="incomplete", incomplete_details={"reason": "content_filter"})
    assert filtered.choices[0].finish_reason == "content_filter"


def test_an_empty_text_is_an_answer() -> None:
    assert chat({"content": ""}).choices[0].text == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"message": None, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"tool_calls": [{}]}, "finish_reason": "tool_calls"}]},
    ],
)
def test_a_chat_answer_that_breaks_the_protocol_is_a_typed_error(body: Any) -> None:
    with pytest.raises(InvalidResponseError, match="the server answered"):
        read_chat(body, "the server", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"output": None},
        {"output": [], "status": "completed"},
        {"output": [], "status": "failed"},
        {"output": [], "status": "in_progress"},
        {"output": [{"type": "message", "content": None}]},
        {"output": [{"type": "function_call"}]},
    ],
)
def test_a_responses_answer_that_breaks_the_protocol_is_a_typed_error(body: Any) -> None:
    with pytest.raises((InvalidResponseError, ServerError), match="the server answered"):
        read_responses(body, "the server", None)


@pytest.mark.parametrize(
    ("counted", "tokens"),
    [(10, 10), (10.0, 10), ("10", 10), ("10.0", 10), (-5, 0), (10**20, 0), (True, 0), (None, 0), ("ten", 0)],
)
def test_tokens_are_whole_numbers_in_whichever_form_they_come(counted: Any, tokens: int) -> None:
    body = CHAT | {"usage": {"prompt_tokens": counted, "prompt_tokens_details": []}}
    assert read_chat(body, "the server", None).usage == Usage(input_tokens=tokens)


@pytest.mark.parametrize("token", [{"token": "a"}, {"token": "a", "logprob": None}, None, {"logprob": 1}])
def test_log_probabilities_that_cannot_be_read_do_not_cost_the_answer(token: Any) -> None:
    body = {"choices": [{"message": {"content": "a"}, "logprobs": {"content": [token]}}]}
    (choice,) = read_chat(body, "the server", None).choices
    assert (choice.text, choice.logprobs) == ("a", None)


# Random JSON with the protocol's own words, so that it gets past the first check.
_PROTOCOL = """
    choices message content finish_reason tool_calls function name arguments logprobs token logprob
    top_logprobs usage prompt_tokens model refusal prompt_tokens_details completion_tokens_details
    error code output type text status summary call_id incomplete_details reason thinking completed
    stop incomplete function_call reasoning output_text
"""
_WORDS = st.sampled_from(_PROTOCOL.split())
_LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | _WORDS
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5)
)
_MESSAGE = st.dictionaries(
    st.sampled_from(["content", "tool_calls", "reasoning_content", "refusal"]), _JSON, max_size=4
)
_CHOICE = st.fixed_dictionaries({"message": _MESSAGE, "finish_reason": _JSON, "logprobs": _JSON})
_CHAT = st.fixed_dictionaries(
    {"choices": st.lists(_CHOICE, max_size=2)}, optional={"usage": _JSON, "model": _JSON, "error": _JSON}
)
_ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call"])},
    optional={"content": _JSON, "summary": _JSON, "name": _JSON, "arguments": _JSON, "call_id": _JSON},
)
_RESPONSES = st.fixed_dictionaries(
    {"output": st.lists(_ITEM, max_size=3)},
    optional={"status": _JSON, "usage": _JSON, "incomplete_details": _JSON, "error": _JSON},
)


@given(body=_JSON | _CHAT | _RESPONSES, read=st.sampled_from([read_chat, read_responses]))
def test_any_json_gives_a_response_or_a_typed_error(body: Any, read: Any) -> None:
    answer = HTTPAnswer(200, {}, orjson.dumps(body))
    try:
        response = read(parse_body(answer, "the server"), "the server", None)
    except LLMError:
        return
    assert isinstance(response, Response)
    assert all(choice.text is None or isinstance(choice.text, str) for choice in response.choices)


@given(status=st.integers(200, 599), body=st.binary(max_size=60) | _JSON.map(orjson.dumps))
def test_any_answer_gives_an_object_or_a_typed_error(status: int, body: bytes) -> None:
    with suppress(LLMError):
        assert isinstance(parse_body(HTTPAnswer(status, {}, body), "the server"), dict)
