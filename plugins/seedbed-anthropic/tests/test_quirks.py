"""Servers that don't keep to the Messages API: the answer is read, or the error says what came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from seedbed import (
    AuthenticationError,
    BadRequestError,
    ContextOverflowError,
    InvalidResponseError,
    LLMError,
    Response,
    ServerError,
    UnknownModelError,
    Usage,
)
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.retry import RetryPolicy
from seedbed.testing import Reply, ScriptedServer
from seedbed_anthropic import AnthropicLLM

TEXT = "A fine haiku about rain."
BODY: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": TEXT}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 5},
}
ENCODED = json.dumps(BODY).encode()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as serving:
        yield serving


def ask(server: ScriptedServer) -> Response:
    llm = AnthropicLLM(model="m", api_key="sk-x", base_url=server.url, timeout=60)
    gateway = Gateway(retry=RetryPolicy(tries=6, first_wait=0.001))
    return llm.bound(gateway, None).complete([{"role": "user", "content": "A haiku."}])


def content(*blocks: Any) -> dict[str, Any]:
    return {**BODY, "content": list(blocks)}


# What is answered, and the text that is in it.
READ: dict[str, tuple[Any, str]] = {
    "comments before": (b": PROCESSING\n\n" + ENCODED, TEXT),
    "byte order mark": (b"\xef\xbb\xbf" + ENCODED, TEXT),
    "NaN": (ENCODED.replace(b'"usage"', b'"score": NaN, "usage"'), TEXT),
    "half a surrogate pair": (ENCODED.replace(b"fine", b"f\\ud83dine"), "A f\ufffdine haiku about rain."),
    "Latin-1": (ENCODED.replace(b"fine", b"f\xefne"), "A f\ufffdne haiku about rain."),
    "content is text": ({**BODY, "content": TEXT}, TEXT),
    "content is a block": ({**BODY, "content": BODY["content"][0]}, TEXT),
    "a block is text": (content("A fine ", "haiku."), "A fine haiku."),
    "a block without a type": (content({"text": TEXT}), TEXT),
    "a block of another type": (content({"type": "output_text", "text": TEXT}), TEXT),
    "thoughts without text": (content({"type": "thinking"}, {"type": "text", "text": TEXT}), TEXT),
    "a list around it": ([BODY], TEXT),
    "no usage": ({**BODY, "usage": None}, TEXT),
    "no reason": ({**BODY, "stop_reason": None}, TEXT),
    "another reason": ({**BODY, "stop_reason": "guardrail"}, TEXT),
    "no role, type or model": ({"content": BODY["content"], "stop_reason": "end_turn"}, TEXT),
}


@pytest.mark.parametrize(("answer", "text"), READ.values(), ids=READ)
def test_an_answer_that_is_there_is_read_and_paid_for_once(
    server: ScriptedServer, answer: Any, text: str
) -> None:
    server.answer_with(Reply(body=answer))
    assert [choice.text for choice in ask(server).choices] == [text]
    assert server.count == 1


@pytest.mark.parametrize("usage", [{"input_tokens": 10.0, "output_tokens": "5"}, BODY["usage"]])
def test_tokens_are_counted_in_whatever_form_they_come(server: ScriptedServer, usage: Any) -> None:
    server.answer_with(Reply(body={**BODY, "usage": usage}))
    assert ask(server).usage == Usage(10, 5)


def error(kind: str, message: str = "x") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


# What is answered, the error, how often it is asked for, and whether every other row would meet it.
FAILED: dict[str, tuple[Reply, type[LLMError], int, bool]] = {
    "fault in 200": (Reply(body=error("api_error")), ServerError, 6, False),
    "error without an error": (Reply(body={"type": "error", "message": "died"}), ServerError, 6, False),
    "wrong key": (
        Reply(401, error("authentication_error", "invalid x-api-key")),
        AuthenticationError,
        1,
        True,
    ),
    "no credit": (
        Reply(400, error("invalid_request_error", "Your credit balance is too low to access the API")),
        AuthenticationError,
        1,
        True,
    ),
    "no such model": (Reply(404, error("not_found_error", "model: m")), UnknownModelError, 1, True),
    "parameter": (
        Reply(400, error("invalid_request_error", "max_tokens: 99999 > 8192, the most of this model")),
        BadRequestError,
        1,
        True,
    ),
    "nested parameter": (
        Reply(400, error("invalid_request_error", "thinking.budget_tokens: Input should be at least 1024")),
        BadRequestError,
        1,
        True,
    ),
    "this row": (
        Reply(400, error("invalid_request_error", "messages.0.content: text must be non-empty")),
        BadRequestError,
        1,
        False,
    ),
    "too long": (
        Reply(400, error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")),
        ContextOverflowError,
        1,
        False,
    ),
    "no content": (Reply(body={**BODY, "content": None}), InvalidResponseError, 3, False),
    "a block of text without any": (Reply(body=content({"type": "text"})), InvalidResponseError, 3, False),
}


@pytest.mark.parametrize(("reply", "kind", "times", "fatal"), FAILED.values(), ids=FAILED)
def test_a_failure_is_typed_and_asked_for_again_only_where_that_may_help(
    server: ScriptedServer, reply: Reply, kind: type[LLMError], times: int, fatal: bool
) -> None:
    server.answer_with(*[reply] * times)
    with pytest.raises(kind) as caught:
        ask(server)
    assert (type(caught.value), caught.value.fatal) == (kind, fatal)
    assert server.count == times


def test_an_overload_in_a_body_of_status_200_is_waited_out(server: ScriptedServer) -> None:
    server.answer_with(Reply(body=error("overloaded_error")), Reply(body=BODY))
    assert ask(server).choices[0].text == TEXT
    assert server.count == 2


@pytest.mark.parametrize(
    ("came", "said", "unsaid"),
    [
        ({"choices": [{"message": {"content": "x"}}]}, "'openai'", "base_url"),
        ({"output": [], "status": "completed"}, "'openai'", "base_url"),
        ({"ok": True}, "base_url", "'openai'"),
        ({**BODY, "content": 7}, "'content'", "base_url"),
    ],
)
def test_another_shape_says_what_came_and_what_may_help(
    server: ScriptedServer, came: Any, said: str, unsaid: str
) -> None:
    server.answer_with(*[Reply(body=came)] * 3)
    with pytest.raises(InvalidResponseError) as caught:
        ask(server)
    assert said in str(caught.value)
    assert unsaid not in str(caught.value)
