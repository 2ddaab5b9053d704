"""What goes wrong at a server ends in a typed error, without any secret."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply

from seedbed import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextOverflowError,
    Gateway,
    InvalidResponseError,
    LLMConnectionError,
    LLMError,
    RateLimitedError,
    RetryPolicy,
    ServerError,
    TimedOutError,
    UnknownModelError,
)
from seedbed_openai import OpenAILLM

KEY = "sk-secret-0123456789"
ASK = [[{"role": "user", "content": "Hi"}]]
GOOD = Reply(body={"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})


def error(message: str, code: Any = None) -> dict[str, Any]:
    return {"error": {"message": f"{message} ({KEY})", "type": "some_error", "code": code}}


FAULTS: dict[str, tuple[Reply, type[LLMError]]] = {
    "400": (Reply(400, error("temperature is too hot")), BadRequestError),
    "400 context": (Reply(400, error("too long", "context_length_exceeded")), ContextOverflowError),
    "400 filter": (Reply(400, error("blocked", "content_filter")), ContentFilteredError),
    "401": (Reply(401, error("Incorrect API key provided", "invalid_api_key")), AuthenticationError),
    "403": (Reply(403, error("forbidden")), AuthenticationError),
    "404": (Reply(404, error("The model 'm' does not exist", "model_not_found")), UnknownModelError),
    "413": (Reply(413, error("too large")), BadRequestError),
    "429": (Reply(429, error("slow down"), {"retry-after": "7"}), RateLimitedError),
    "500": (Reply(500, error("oops")), ServerError),
    "503": (Reply(503, f"down {KEY}".encode()), ServerError),
    "dropped": (Reply(drop=True), LLMConnectionError),
    "cut": (GOOD._replace(cut=True), LLMConnectionError),
    "time-out": (Reply(hang=True), TimedOutError),
    "HTML page": (Reply(body=f"<html><title>Sign in {KEY}</title></html>"), InvalidResponseError),
    "invalid JSON": (Reply(body=f'{{"choices": [{KEY}'), InvalidResponseError),
    "nothing": (Reply(body=b""), InvalidResponseError),
    "a list": (Reply(body=[]), InvalidResponseError),
    "empty choices": (Reply(body={"choices": []}), InvalidResponseError),
    "200 with an error": (Reply(body=error("upstream lost")), ServerError),
    "200 with a 429 inside": (Reply(body=error("slow down", 429)), RateLimitedError),
    "redirect": (Reply(307, headers={"location": "/v2"}), BadRequestError),
}


def asked(server: FaultServer, **fields: Any) -> OpenAILLM:
    llm = OpenAILLM(model="m", api_key=KEY, base_url=server.url, timeout=60, **fields)
    return llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_a_typed_error_without_the_key(fault_server: FaultServer, name: str, api: Any) -> None:
    reply, kind = FAULTS[name]
    fault_server.answer_with(reply)
    llm = asked(fault_server, api=api)
    if reply.hang:
        llm.timeout = 0.6
    with pytest.raises(LLMError) as caught:
        llm.generate(ASK)
    assert type(caught.value) is kind
    # Of an unknown model, the list says which others there are; it may be below /v1.
    assert fault_server.count == (3 if kind is UnknownModelError else 1)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert KEY not in f"{seen} {seen!r} {seen.args}"
        seen = seen.__cause__


def test_the_asynchronous_twin_raises_the_same(fault_server: FaultServer) -> None:
    fault_server.answer_with(FAULTS["429"][0])
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(asked(fault_server).agenerate(ASK))
    assert caught.value.retry_after == 7
    assert caught.value.status == 429


def test_a_wrong_key_says_where_it_came_from(fault_server: FaultServer) -> None:
    fault_server.answer_with(FAULTS["401"][0])
    with pytest.raises(AuthenticationError, match="the key came from api_key"):
        asked(fault_server).generate(ASK)


def test_what_can_be_helped_is_tried_again(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(503), Reply(body={"choices": []}), GOOD)
    llm = OpenAILLM(model="m", base_url=fault_server.url)
    patient = llm.bound(Gateway(retry=RetryPolicy(tries=3, first_wait=0.01)), None)
    assert patient.generate(ASK) == [["Hi"]]
    assert fault_server.count == 3


def test_limits_of_the_headers_reach_the_response(fault_server: FaultServer) -> None:
    fault_server.answer_with(GOOD._replace(headers={"x-ratelimit-remaining-requests": "3"}))
    response = asked(fault_server).complete(ASK[0])
    assert response.limits is not None
    assert response.limits.requests_left == 3


def test_limits_of_the_headers_reach_the_error(fault_server: FaultServer) -> None:
    fault_server.answer_with(
        Reply(
            429, error("slow down"), {"x-ratelimit-limit-tokens": "60", "x-ratelimit-remaining-tokens": "0"}
        )
    )
    with pytest.raises(RateLimitedError) as caught:
        asked(fault_server).generate(ASK)
    assert caught.value.limits is not None
    assert (caught.value.limits.tokens, caught.value.limits.tokens_left) == (60, 0)
