"""Servers that do not keep to the protocol: the answer is read, or the error says what came."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply

from seedbed import (
    AuthenticationError,
    BadRequestError,
    InvalidOutputError,
    InvalidResponseError,
    LLMError,
    RateLimitedError,
    ServerError,
    Task,
    TimedOutError,
)
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.retry import RetryPolicy
from seedbed_openai import OpenAILLM


class Rain(Task):
    template: str = "A haiku about rain."


TEXT = "A fine haiku about rain."
BODY: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}
ENCODED = json.dumps(BODY).encode()


def body(
    choice: dict[str, Any] | None = None, message: dict[str, Any] | None = None, **top: Any
) -> dict[str, Any]:
    """Return the good body with parts replaced; None takes one out."""
    changed = {**copy.deepcopy(BODY), **top}
    for target, parts in ((changed["choices"], choice), (changed["choices"], message)):
        if parts is not None and target:
            target[0] |= parts if parts is choice else {"message": {**target[0]["message"], **parts}}
    return changed


def without(*path: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(BODY)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    result: dict[str, Any] = changed
    return result


def parts(*given: Any) -> dict[str, Any]:
    return body(message={"content": list(given)})


STREAM = "".join(
    f"data: {json.dumps(event)}\n\n"
    for event in (
        {
            "choices": [
                {"index": 0, "delta": {"role": "assistant", "content": "A fine "}, "finish_reason": None}
            ]
        },
        {"choices": [{"index": 0, "delta": {"content": "haiku about rain."}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
    )
)

# What is answered, and the text that is in it.
READ: dict[str, tuple[Any, str | None]] = {
    "keep-alive space": (b"   \n\n\n  " + ENCODED, TEXT),
    "comments before": (b": PROCESSING\n\n: PROCESSING\n\n" + ENCODED, TEXT),
    "byte order mark": (b"\xef\xbb\xbf" + ENCODED, TEXT),
    "done behind": (ENCODED + b"\n\ndata: [DONE]\n\n", TEXT),
    "no usage": (without("usage"), TEXT),
    "usage null": (body(usage=None), TEXT),
    "no finish reason": (without("choices", 0, "finish_reason"), TEXT),
    "finish reason null": (body({"finish_reason": None}), TEXT),
    "another word": (body({"finish_reason": "recitation"}), TEXT),
    "parts": (
        parts({"type": "text", "text": "A fine "}, {"type": "text", "text": "haiku."}),
        "A fine haiku.",
    ),
    "output_text": (parts({"type": "output_text", "text": "hello"}), "hello"),
    "untyped part": (parts({"text": "hello"}), "hello"),
    "part of text alone": (parts("hel", "lo"), "hello"),
    "one part": (body(message={"content": {"type": "text", "text": "hello"}}), "hello"),
    "thinking part": (
        parts(
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            {"type": "text", "text": "hello"},
        ),
        "hello",
    ),
    "no id": ({"choices": BODY["choices"]}, TEXT),
    "no index": (without("choices", 0, "index"), TEXT),
    "no role": (without("choices", 0, "message", "role"), TEXT),
    "NaN somewhere": (ENCODED.replace(b'"usage"', b'"timings": {"a": NaN}, "usage"'), TEXT),
    "NaN in log probabilities": (
        ENCODED.replace(
            b'"finish_reason"', b'"logprobs": {"content": [{"token": "A", "logprob": NaN}]}, "finish_reason"'
        ),
        TEXT,
    ),
    "half a surrogate pair": (ENCODED.replace(b"fine", b"f\\ud83dine"), "A f\ufffdine haiku about rain."),
    "NUL": (ENCODED.replace(b"fine", b"f\\u0000ine"), "A f\0ine haiku about rain."),
    "Latin-1": (ENCODED.replace(b"fine", b"f\xefne"), "A f\ufffdne haiku about rain."),
    "large usage": (ENCODED.replace(b": 15}", b": 99999999999999999999}"), TEXT),
    "list around it": ([BODY], TEXT),
    "text in place of message": ({"choices": [{"text": "hello", "finish_reason": "stop"}]}, "hello"),
    "delta in place of message": (
        {"choices": [{"delta": {"content": "hello"}, "finish_reason": "stop"}]},
        "hello",
    ),
    "message is text": ({"choices": [{"message": "hello", "finish_reason": "stop"}]}, "hello"),
    "two choices": (body(choices=BODY["choices"] * 2), TEXT),
    "empty tool calls": (body(message={"tool_calls": []}), TEXT),
    "null fields": (body(message={"tool_calls": None, "function_call": None, "audio": None}), TEXT),
    "a stream": (STREAM.encode(), TEXT),
    "a stream without empty lines": (STREAM.replace("\n\n", "\n").encode(), TEXT),
    "a stream of parts": (
        b'data: {"choices": [{"index": 0, "delta": {"content": [{"type":"thinking","thinking":"H"}]}}]}\n\n'
        b'data: {"choices": [{"index": 0, "delta": {"content": "hello"}, "finish_reason": "stop"}]}\n\n',
        "hello",
    ),
    "a stream that ends with [DONE]": ((STREAM + "data: [DONE]\n\n").encode(), TEXT),
}


def asked(server: FaultServer, tries: int = 6) -> OpenAILLM:
    llm = OpenAILLM(model="m", api_key="sk-x", base_url=f"{server.url}/v1", preset="vllm", timeout=60)
    return llm.bound(Gateway(retry=RetryPolicy(tries=tries, first_wait=0.001)), None)


@pytest.mark.parametrize(("answer", "text"), READ.values(), ids=READ)
def test_an_answer_that_is_there_is_read_and_paid_for_once(
    fault_server: FaultServer, answer: Any, text: str
) -> None:
    fault_server.answer_with(Reply(body=answer))
    response = asked(fault_server).complete([{"role": "user", "content": "A haiku."}])
    assert [choice.text for choice in response.choices] == [text]
    assert fault_server.count == 1


# What is answered, the error, and how often it is asked for.
FAILED: dict[str, tuple[Reply, type[LLMError], int]] = {
    "no choices": (Reply(body=body(choices=[])), InvalidResponseError, 3),
    "choices null": (Reply(body=body(choices=None)), InvalidResponseError, 3),
    "a list of two": (Reply(body=[BODY, BODY]), InvalidResponseError, 3),
    "text": (Reply(body=b'"hello"'), InvalidResponseError, 3),
    "nothing": (Reply(body=b""), InvalidResponseError, 3),
    "a page": (Reply(body=b"<html><h1>Welcome</h1></html>"), InvalidResponseError, 3),
    "half a stream": (Reply(body=STREAM.encode()[:100] + b"\n\n"), InvalidResponseError, 3),
    "stream that breaks off": (Reply(body=STREAM.encode().partition(b'"stop"')[0] + b"null}]}"), LLMError, 3),
    "error in 200": (Reply(body={"error": {"message": "overloaded", "code": 502}}), ServerError, 6),
    "error in choice": (
        Reply(body=body({"error": {"code": 502, "message": "died"}, "finish_reason": "error"})),
        ServerError,
        6,
    ),
    "error in the stream": (
        Reply(body=STREAM.encode() + b'data: {"error": {"code": 502}}\n\n'),
        ServerError,
        6,
    ),
    "broken off": (Reply(body=body({"finish_reason": "error"})), ServerError, 6),
    "500": (Reply(500, b"Internal Server Error"), ServerError, 6),
    "502": (Reply(502, b"<html><h1>502 Bad Gateway</h1></html>"), ServerError, 6),
    "520": (Reply(520, b"<html>520</html>"), ServerError, 6),
    "409": (Reply(409, {"error": {"message": "conflict"}}), ServerError, 6),
    "408": (Reply(408, {"error": {"message": "timeout"}}), TimedOutError, 6),
    "loading": (
        Reply(503, {"error": {"message": "Loading model", "type": "unavailable_error"}}),
        ServerError,
        6,
    ),
    "quota": (Reply(429, {"error": {"message": "x", "code": "insufficient_quota"}}), RateLimitedError, 1),
    "wrong key in a list": (
        Reply(400, [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}]),
        AuthenticationError,
        1,
    ),
    "responses that failed": (Reply(body={"type": "error", "code": "server_error"}), ServerError, 6),
    "error is text": (Reply(400, {"error": "could not decode the image"}), BadRequestError, 1),
    "detail of a list": (
        Reply(422, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}),
        BadRequestError,
        1,
    ),
}


@pytest.mark.parametrize(("reply", "kind", "times"), FAILED.values(), ids=FAILED)
def test_a_failure_is_typed_and_asked_for_again_only_where_that_may_help(
    fault_server: FaultServer, reply: Reply, kind: type[LLMError], times: int
) -> None:
    fault_server.answer_with(*[reply] * 6)
    with pytest.raises(kind) as caught:
        asked(fault_server).complete([{"role": "user", "content": "A haiku."}])
    assert type(caught.value) is kind or kind is LLMError
    assert fault_server.count == times


@pytest.mark.parametrize("message", [{"content": None, "refusal": "No."}, {"content": "", "x": 1}])
def test_a_filtered_answer_is_no_row(fault_server: FaultServer, message: Any) -> None:
    reason = "stop" if "refusal" in message else "content_filter"
    fault_server.answer_with(Reply(body=body({"finish_reason": reason}, message)))
    (choice,) = asked(fault_server).complete([{"role": "user", "content": "x"}]).choices
    assert choice.finish_reason == "content_filter"


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ({"output": [], "status": "completed"}, "llm.api=responses"),
        ({"content": [], "stop_reason": "end_turn"}, "anthropic"),
        ({"message": {"content": "x"}, "done": True}, "/v1"),
        ({"hello": 1}, "base_url"),
    ],
)
def test_a_wrong_shape_names_what_came_and_the_setting_that_fits(
    fault_server: FaultServer, came: Any, said: str
) -> None:
    fault_server.answer_with(*[Reply(body=came)] * 3)
    with pytest.raises(InvalidResponseError) as caught:
        asked(fault_server).complete([{"role": "user", "content": "x"}])
    assert said in str(caught.value)
    assert repr(next(iter(came))) in str(caught.value)


def test_a_server_is_told_not_to_stream(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(body=BODY))
    asked(fault_server).complete([{"role": "user", "content": "x"}])
    assert fault_server.received[0].json()["stream"] is False


def test_tool_calls_that_are_streamed_are_put_together(fault_server: FaultServer) -> None:
    def call(arguments: str, **first: Any) -> dict[str, Any]:
        piece = {"index": 0, **({"id": "c1"} if first else {}), "function": {**first, "arguments": arguments}}
        return {"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}

    events = [
        call("", name="laugh"),
        call('{"a"'),
        call(": 1}"),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    fault_server.answer_with(
        Reply(body="".join(f"data: {json.dumps(event)}\n\n" for event in events).encode())
    )
    (choice,) = asked(fault_server).complete([{"role": "user", "content": "x"}]).choices
    assert choice.tool_calls == (("c1", "laugh", '{"a": 1}'),)


def test_the_responses_api_is_read_from_its_last_event(fault_server: FaultServer) -> None:
    output = [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]
    events = [
        {"type": "response.created", "response": {"status": "in_progress"}},
        {"type": "response.completed", "response": {"status": "completed", "output": output}},
    ]
    fault_server.answer_with(
        Reply(body="".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in events).encode())
    )
    llm = OpenAILLM(model="m", api_key="x", base_url=fault_server.url, preset="vllm", api="responses")
    assert llm.generate([[{"role": "user", "content": "x"}]]) == [["Hi"]]


SPENT = {"input_tokens": 9, "output_tokens": 64, "output_tokens_details": {"reasoning_tokens": 64}}
CHAT_SPENT = {"completion_tokens": 64, "completion_tokens_details": {"reasoning_tokens": 64}}
INCOMPLETE = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
THOUGHTS = [{"type": "reasoning", "summary": []}]


@pytest.mark.parametrize(
    ("api", "answer"),
    [
        ("chat", body({"finish_reason": "length"}, {"content": ""}, usage=CHAT_SPENT)),
        ("chat", body({"finish_reason": "length"}, {"content": None, "reasoning_content": "Hm."})),
        ("chat", body({"finish_reason": "length"}, {"content": [{"type": "thinking", "thinking": "Hm."}]})),
        ("chat", body({"finish_reason": "stop"}, {"content": None}, usage=CHAT_SPENT)),
        ("responses", {**INCOMPLETE, "output": THOUGHTS, "usage": SPENT}),
        ("responses", {**INCOMPLETE, "output": [], "usage": SPENT}),
        ("responses", {"status": "completed", "output": THOUGHTS, "usage": SPENT}),
    ],
)
def test_tokens_that_all_went_into_reasoning_name_the_parameters(
    fault_server: FaultServer, api: Any, answer: Any
) -> None:
    fault_server.answer_with(Reply(body=answer))
    llm = OpenAILLM(model="m", api_key="x", base_url=fault_server.url, preset="vllm", api=api)
    with pytest.raises(InvalidOutputError, match="reasoning") as caught:
        Rain(llm=llm, max_reasks=0).process({})
    assert fault_server.count == 1
    assert "llm.max_tokens" in str(caught.value)
    assert "llm.reasoning_effort" in str(caught.value)
