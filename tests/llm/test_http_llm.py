"""What a server's own errors, waits and limits mean is said in one place, and the engine goes by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from seedbed import (
    HTTPLLM,
    AuthenticationError,
    ContextOverflowError,
    GeneratorTask,
    HTTPAnswer,
    InvalidResponseError,
    Limits,
    LLMError,
    RateLimitedError,
    Request,
    Response,
    ServerError,
    post_json,
    run,
)
from seedbed.testing import Reply, ScriptedServer
from seedbed.testing.backends.llm_facts import ask

BUSY = Reply(503, {"fault": "slow down"}, {"X-Wait-Ms": "250", "X-Calls-Left": "0"})
GOOD = Reply(200, {"text": "Blue."}, {"X-Calls-Left": "7"})


class AcmeLLM(HTTPLLM):
    """Speaks a protocol of its own, and hears of errors in it."""

    base_url: str
    has_forgotten: bool = False

    @property
    def endpoint(self) -> str:
        return self.base_url

    async def respond(self, request: Request) -> Response:
        answer = await post_json(self.base_url, {"ask": request.messages[-1]["content"]}, headers={})
        body = self.read_body(answer)
        return Response.of_text(body["text"], limits=self.read_limits(answer.headers))

    def read_error(self, answer: HTTPAnswer, body: dict[str, Any]) -> LLMError | None:
        if self.has_forgotten:
            return None
        if body.get("fault") == "too long":
            return ContextOverflowError("Acme: the talk is too long")
        if body.get("fault") == "slow down":
            return RateLimitedError("Acme: slow down")
        if "status" in body:
            answer = answer._replace(status=body["status"])
        if "fault" in body:
            body = {"error": {"message": body["fault"]}}
        return super().read_error(answer, body)

    def read_retry_after(self, headers: Mapping[str, str], body: dict[str, Any]) -> float | None:
        if wait := headers.get("x-wait-ms"):
            return float(wait) / 1000
        return super().read_retry_after(headers, body)

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        left = headers.get("x-calls-left")
        return None if left is None else Limits(requests=100, requests_left=int(left))


class Colours(GeneratorTask):
    """Colours."""

    template: str = "Name a colour."


@pytest.fixture
def acme(scripted_server: ScriptedServer) -> AcmeLLM:
    return AcmeLLM(model="m", base_url=scripted_server.url)


def failure(llm: AcmeLLM, server: ScriptedServer, reply: Reply) -> LLMError:
    server.answer_with(reply)
    with pytest.raises(LLMError) as caught:
        ask(llm)
    return caught.value


def test_an_error_of_its_own_has_status_wait_and_limits(
    acme: AcmeLLM, scripted_server: ScriptedServer
) -> None:
    error = failure(acme, scripted_server, BUSY)

    assert isinstance(error, RateLimitedError)
    assert (error.status, error.retry_after) == (503, 0.25)
    assert error.limits == Limits(requests=100, requests_left=0)


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_is_told_whatever_its_status(
    acme: AcmeLLM, scripted_server: ScriptedServer, status: int
) -> None:
    error = failure(acme, scripted_server, Reply(status, {"fault": "too long"}))

    assert isinstance(error, ContextOverflowError)
    assert error.status == status


def test_a_body_that_is_translated_is_read_as_those_that_are_known(
    acme: AcmeLLM, scripted_server: ScriptedServer
) -> None:
    headers = {"x-wait-ms": "1500", "retry-after": "60"}
    error = failure(acme, scripted_server, Reply(500, {"fault": "a fuse blew"}, headers))

    assert isinstance(error, ServerError)
    assert error.fact == f"the server at '{scripted_server.url}' answered 500: a fuse blew"
    assert error.retry_after == 1.5


def test_what_the_server_says_in_no_form_of_its_own_is_read_as_ever(
    acme: AcmeLLM, scripted_server: ScriptedServer
) -> None:
    for reply, kind in (
        (Reply(429, "<html>", {"retry-after": "3"}), RateLimitedError),
        (Reply(200, {"error": {"code": 503, "message": "later"}}), ServerError),
        (Reply(200, "no JSON"), InvalidResponseError),
    ):
        assert isinstance(failure(acme, scripted_server, reply), kind)


def test_an_override_that_forgets_the_rest_makes_no_row_of_a_refusal(scripted_server: ScriptedServer) -> None:
    llm = AcmeLLM(model="m", base_url=scripted_server.url, has_forgotten=True)

    error = failure(llm, scripted_server, Reply(429, {"text": "Blue."}, {"x-wait-ms": "40"}))

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 0.04
    assert isinstance(failure(llm, scripted_server, Reply(200, {"error": "a fuse blew"})), ServerError)


def test_a_refusal_in_the_servers_own_words_is_tried_again(
    acme: AcmeLLM, scripted_server: ScriptedServer
) -> None:
    scripted_server.answer_with(BUSY._replace(headers={"x-wait-ms": "1"}), GOOD)

    made = run(Colours(llm=acme), n=1)

    assert (made.accepted, made.calls.refused) == (1, 1)


def test_the_limits_of_an_answer_are_read_whatever_the_case_of_their_names(
    acme: AcmeLLM, scripted_server: ScriptedServer
) -> None:
    scripted_server.answer_with(GOOD)

    assert ask(acme).limits == Limits(requests=100, requests_left=7)


def test_a_code_in_the_body_is_the_status_that_it_is_given(
    acme: AcmeLLM, scripted_server: ScriptedServer
) -> None:
    scripted_server.answer_with(Reply(200, {"fault": "who are you", "status": 401}))

    with pytest.raises(AuthenticationError, match="who are you"):
        acme.generate([[{"role": "user", "content": "Hi"}]])
