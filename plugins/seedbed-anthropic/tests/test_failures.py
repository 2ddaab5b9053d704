"""Every failure of a server is a typed error that shows no secret."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply

import seedbed
from seedbed import Gateway, RetryPolicy
from seedbed_anthropic import AnthropicLLM

KEY = "sk-ant-very-secret-key"
TEAM = "secret-of-the-gateway"
MESSAGES = [{"role": "user", "content": "Name a colour."}]


def api_error(status: int, kind: str, text: str = "Something is wrong.", **headers: str) -> Reply:
    body = {"type": "error", "error": {"type": kind, "message": f"{text} {KEY} {TEAM}"}, "request_id": "r"}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def new_llm(server: FaultServer, **fields: Any) -> AnthropicLLM:
    return AnthropicLLM(
        **{"model": "claude", "api_key": KEY, "base_url": server.url, "timeout": 20, **fields},
        default_headers={"X-Gateway": TEAM},
    )


def failure(llm: AnthropicLLM, **parameters: Any) -> seedbed.LLMError:
    once = llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)
    with pytest.raises(seedbed.LLMError) as caught:
        once.complete(MESSAGES, **parameters)
    shown = f"{caught.value!s} {caught.value!r} {caught.value.args} {llm!r}"
    assert KEY not in shown
    assert TEAM not in shown
    return caught.value


@pytest.mark.parametrize(
    ("reply", "expected", "retryable", "fatal"),
    [
        (api_error(400, "invalid_request_error"), seedbed.BadRequestError, False, False),
        (
            api_error(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
            seedbed.ContextOverflowError,
            False,
            False,
        ),
        (api_error(401, "authentication_error"), seedbed.AuthenticationError, False, True),
        (api_error(403, "permission_error"), seedbed.AuthenticationError, False, True),
        (api_error(404, "not_found_error", "model: claude"), seedbed.UnknownModelError, False, True),
        (api_error(413, "request_too_large"), seedbed.BadRequestError, False, False),
        (api_error(429, "rate_limit_error"), seedbed.RateLimitedError, True, False),
        (api_error(500, "api_error"), seedbed.ServerError, True, False),
        (api_error(529, "overloaded_error"), seedbed.RateLimitedError, True, False),
        (api_error(504, "timeout_error"), seedbed.TimedOutError, True, False),
        (api_error(200, "overloaded_error"), seedbed.RateLimitedError, True, False),
        (Reply(502, f"<html><title>Bad {KEY}</title></html>"), seedbed.ServerError, True, False),
        (Reply(200, f"<html><title>Hi {KEY}</title></html>"), seedbed.InvalidResponseError, True, False),
        (Reply(200, b'{"content": ['), seedbed.InvalidResponseError, True, False),
        (Reply(200, {"content": []}, cut=True), seedbed.LLMConnectionError, True, False),
        (Reply(200, {"id": "no message"}), seedbed.InvalidResponseError, True, False),
        (Reply(drop=True), seedbed.LLMConnectionError, True, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_a_server_answers_is_a_typed_error(
    fault_server: FaultServer, reply: Reply, expected: type, retryable: bool, fatal: bool
) -> None:
    fault_server.answer_with(reply)
    error = failure(new_llm(fault_server))
    assert type(error) is expected
    assert (error.retryable, error.fatal) == (retryable, fatal)


def test_the_wait_that_a_server_asks_for_is_kept(fault_server: FaultServer) -> None:
    fault_server.answer_with(api_error(429, "rate_limit_error", retry_after="7"))
    assert failure(new_llm(fault_server)).retry_after == 7


def test_the_limits_of_the_headers_reach_the_error(fault_server: FaultServer) -> None:
    headers = {"anthropic_ratelimit_requests_limit": "50", "anthropic_ratelimit_requests_remaining": "0"}
    fault_server.answer_with(api_error(429, "rate_limit_error", **headers))
    limits = failure(new_llm(fault_server)).limits
    assert limits is not None
    assert (limits.requests, limits.requests_left) == (50, 0)


def test_no_answer_in_time_is_a_time_out(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(hang=True))
    assert type(failure(new_llm(fault_server, timeout=0.2))) is seedbed.TimedOutError


def test_a_refused_temperature_says_what_to_do(fault_server: FaultServer) -> None:
    fault_server.answer_with(
        api_error(400, "invalid_request_error", "`temperature` is deprecated for this model.")
    )
    assert "ignore_sampling=true" in str(failure(new_llm(fault_server), temperature=0.5))
    assert "ignore_sampling" not in str(failure(new_llm(fault_server)))


@pytest.mark.parametrize(
    "text", ["`temperature` is deprecated for this model.", "role 'system' is not supported on this model"]
)
def test_a_refused_request_that_names_a_model_does_not_end_the_run(
    fault_server: FaultServer, text: str
) -> None:
    fault_server.answer_with(api_error(400, "invalid_request_error", text))
    assert type(failure(new_llm(fault_server))) is seedbed.BadRequestError


def test_a_key_of_the_environment_is_not_shown(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    fault_server.answer_with(api_error(401, "authentication_error"))
    failure(new_llm(fault_server, api_key=None))
    assert fault_server.received[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_check_asks_the_server_nothing(fault_server: FaultServer) -> None:
    asyncio.run(new_llm(fault_server).check())
    assert fault_server.count == 0


def test_the_check_of_a_server_that_is_not_there_fails() -> None:
    with FaultServer() as gone:
        llm = new_llm(gone)
    with pytest.raises(seedbed.LLMConnectionError):
        asyncio.run(llm.check())


def test_a_schema_goes_to_output_config_at_anthropic_and_into_the_prompt_elsewhere(
    fault_server: FaultServer, message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    fault_server.answer_with(Reply(body=message))
    new_llm(fault_server).complete(MESSAGES, schema=schema)
    assert "JSON Schema" in fault_server.received[0].json()["system"]
    monkeypatch.setattr("seedbed_anthropic.connection.PROVIDER_URL", fault_server.url)
    new_llm(fault_server).complete(MESSAGES, schema=schema)
    sent = fault_server.received[1].json()
    assert "system" not in sent
    assert sent["output_config"]["format"]["schema"]["properties"] == schema["properties"]
