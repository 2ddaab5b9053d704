"""Before a run nothing is asked of a server; what it refuses, the first call shows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply

from seedbed import (
    AuthenticationError,
    BadRequestError,
    Gateway,
    LLMConnectionError,
    RetryPolicy,
    UnknownModelError,
)
from seedbed_openai import OpenAILLM

KEY = "sk-secret-0123456789"
ASK = [[{"role": "user", "content": "Hi"}]]
UNKNOWN = Reply(404, {"error": {"message": "The model does not exist", "code": "model_not_found"}})
LIST = Reply(body={"data": [{"id": "llama3:latest"}, {"id": "qwen3-4b"}]})


def check(llm: OpenAILLM) -> None:
    asyncio.run(llm.check())


def ask(server: FaultServer, inputs: Any = ASK, **fields: Any) -> None:
    llm = OpenAILLM(**{"base_url": f"{server.url}/v1", "model": "qwen-4b", **fields})
    llm.bound(Gateway(retry=RetryPolicy(tries=1)), None).generate(inputs)


@pytest.mark.parametrize("preset", ["openai", "vllm", "ollama", "lmstudio"])
def test_the_check_asks_the_server_nothing(fault_server: FaultServer, preset: Any) -> None:
    check(OpenAILLM(model="m", preset=preset, base_url=f"{fault_server.url}/v1"))
    assert fault_server.count == 0


def test_a_missing_key_raises() -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        check(OpenAILLM(model="m"))


def test_a_server_of_this_machine_that_was_not_started_raises() -> None:
    with FaultServer() as server:
        url = server.url
    with pytest.raises(LLMConnectionError, match="cannot reach"):
        check(OpenAILLM(model="m", base_url=url))


def test_a_server_of_this_machine_is_looked_for_without_a_proxy(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        url = server.url
    monkeypatch.setenv("http_proxy", fault_server.url)
    with pytest.raises(LLMConnectionError, match="cannot reach"):
        check(OpenAILLM(model="m", base_url=url))
    assert fault_server.count == 0


def test_an_unknown_model_is_refused_with_what_the_list_has(fault_server: FaultServer) -> None:
    fault_server.answer_with(UNKNOWN, LIST)
    with pytest.raises(UnknownModelError, match="did you mean 'qwen3-4b'"):
        ask(fault_server)
    assert [received.path for received in fault_server.received] == ["/v1/chat/completions", "/v1/models"]


def test_an_address_without_its_version_is_answered_with_it(fault_server: FaultServer) -> None:
    missing = Reply(404, {"detail": "Not Found"})
    fault_server.answer_with(missing, missing, LIST)
    with pytest.raises(UnknownModelError, match=f"below /v1: base_url={fault_server.url}/v1"):
        ask(fault_server, base_url=fault_server.url)
    asked = ["/chat/completions", "/models", "/v1/models"]
    assert [received.path for received in fault_server.received] == asked


def test_a_short_list_is_shown_where_nothing_is_near(fault_server: FaultServer) -> None:
    fault_server.answer_with(UNKNOWN, LIST)
    with pytest.raises(UnknownModelError, match="it lists llama3:latest, qwen3-4b"):
        ask(fault_server, model="zzz")


@pytest.mark.parametrize(
    "listed",
    [
        Reply(403, {"error": {"message": "Missing scopes: api.model.read"}}),
        Reply(404, b"no"),
        Reply(405, b"no"),
        Reply(503, b"no"),
        Reply(body=b"<html><title>Welcome</title></html>"),
        Reply(body={"data": None}),
        Reply(drop=True),
    ],
)
def test_a_list_that_is_not_there_leaves_the_refusal_as_it_is(
    fault_server: FaultServer, listed: Reply
) -> None:
    fault_server.answer_with(UNKNOWN, listed)
    with pytest.raises(UnknownModelError, match="does not exist"):
        ask(fault_server)


def test_the_list_is_asked_for_once_whatever_many_rows_are_refused(fault_server: FaultServer) -> None:
    fault_server.answer_with(UNKNOWN)
    llm = OpenAILLM(model="m", base_url=f"{fault_server.url}/v1")
    llm = llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)
    for _ in range(2):
        with pytest.raises(UnknownModelError):
            llm.generate(ASK)
    assert [received.path for received in fault_server.received].count("/v1/models") == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_raises_and_says_where_it_came_from(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    fault_server.answer_with(Reply(status, {"error": {"message": f"wrong key {KEY}"}}))
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY") as caught:
        ask(fault_server)
    assert KEY not in str(caught.value)


def test_a_redirect_is_refused_for_every_row(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(301, headers={"location": "https://elsewhere"}))
    with pytest.raises(BadRequestError, match="base_url") as caught:
        ask(fault_server)
    assert caught.value.fatal


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("preset", ["openai", "vllm"])
def test_a_query_of_the_base_url_stays_behind_the_path(
    fault_server: FaultServer, preset: Any, api: Any
) -> None:
    fault_server.answer_with(UNKNOWN, LIST)
    llm = OpenAILLM(
        model="m", preset=preset, api=api, base_url=f"{fault_server.url}/v1/?api-version=2024-10-21"
    )
    with pytest.raises(UnknownModelError):
        llm.bound(Gateway(retry=RetryPolicy(tries=1)), None).generate(ASK)
    asked, listed = fault_server.received
    assert asked.path == {"chat": "/v1/chat/completions", "responses": "/v1/responses"}[api]
    assert listed.path == "/v1/models"
    assert asked.query == listed.query == {"api-version": "2024-10-21"}
