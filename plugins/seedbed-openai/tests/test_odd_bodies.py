"""Bodies and streams that differ in one place from a good one give a response or a typed error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from seedbed import LLMError, Response
from seedbed_openai.chat_answer import read_chat
from seedbed_openai.completions import read_completion
from seedbed_openai.responses_answer import read_responses
from seedbed_openai.streamed import chat_of_events

CALL = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}
TOKEN = {"token": "a", "logprob": -1.0, "top_logprobs": [{"token": "b", "logprob": -2.0}]}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
MESSAGE = {
    "content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": [{"text": "b"}]}],
    "reasoning": "r",
    "refusal": "no",
    "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}],
}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop", "logprobs": {"content": [TOKEN]}}
EVENTS = [
    {"choices": [{"index": 0, "message": MESSAGE}]},
    {
        "choices": [
            {"index": 0, "delta": {"content": "a", "reasoning": "r", "refusal": "n", "tool_calls": [CALL]}}
        ]
    },
    {"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}, "logprobs": {"content": [TOKEN]}}]},
    {"choices": [{"index": 0, "finish_reason": "stop"}], "usage": USAGE},
]
LISTS = {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{"a": -1.0}]}
COMPLETION = {"choices": [{"text": "a", "finish_reason": "stop", "logprobs": LISTS}], "usage": USAGE}
ITEMS = [
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}]},
    {"type": "message", "content": [{"type": "output_text", "text": "a", "logprobs": [TOKEN]}]},
    {"type": "function_call", "name": "f", "arguments": {"a": 1}, "call_id": "c"},
]
DEEP = orjson.loads("[" * 300 + "]" * 300)
ODD = [None, True, 0, 2**63, 1.5, "", "x", [], {}, [None], ["a"], {"": None}, {"text": {}}, DEEP]

READERS: dict[str, tuple[Any, Callable[[Any], Response]]] = {
    "chat": (
        {"choices": [CHOICE], "usage": USAGE, "model": "m"},
        lambda body: read_chat(body, "the server", None),
    ),
    "events": (
        {"events": EVENTS},
        lambda body: read_chat(chat_of_events(events_of(body)), "the server", None),
    ),
    "completion": (COMPLETION, lambda body: read_completion(body, "the server", None)),
    "responses": (
        {"output": ITEMS, "status": "completed", "usage": {"input_tokens": 1}},
        lambda body: read_responses(body, "the server", None),
    ),
}


def events_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    events = body.get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value within a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """Return a JSON value with another value at a place."""
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(copy[key], tuple(rest), odd) if rest else odd
    return copy


@pytest.mark.parametrize("name", READERS)
def test_one_odd_value_anywhere_gives_a_response_or_a_typed_error(name: str) -> None:
    good, read = READERS[name]
    assert isinstance(read(good), Response)
    for path in places(good):
        for odd in ODD:
            try:
                response = read(changed(good, path, odd))
            except LLMError:
                continue
            assert all(choice.text is None or isinstance(choice.text, str) for choice in response.choices)


def test_pieces_of_a_call_are_added_to_the_call_of_a_whole_message() -> None:
    whole = {"content": None, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": '{"a":'}}]}
    piece = {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}
    body = chat_of_events(
        [{"choices": [{"message": whole}]}, {"choices": [{"delta": piece, "finish_reason": "tool_calls"}]}]
    )
    ((call,),) = [choice.tool_calls for choice in read_chat(body, "the server", None).choices]
    assert (call.name, call.arguments) == ("f", '{"a":1}')
