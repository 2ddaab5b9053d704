"""The check before a run: one free request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply

from seedbed import (
    AuthenticationError,
    BadRequestError,
    InvalidResponseError,
    LLMConnectionError,
    UnknownModelError,
)
from seedbed_openai import OpenAILLM
from seedbed_openai.connection import Connection
from seedbed_openai.model_check import check_model
from seedbed_openai.presets import OPENAI

KEY = "sk-secret-0123456789"
LIST = Reply(body={"data": [{"id": "llama3:latest"}, {"id": "qwen3-4b"}]})


def check(llm: OpenAILLM) -> None:
    asyncio.run(llm.check())


def check_as_openai(server: FaultServer, model: str) -> None:
    """Check a model as at api.openai.com, with its URLs put in the place of loopback's."""
    llm = OpenAILLM(model=model, api_key=KEY)
    connection = Connection(
        title="OpenAI",
        preset=OPENAI,
        url=server.url,
        models_url=f"{server.url}/v1/models",
        model_url=f"{server.url}/v1/models/{model}",
        headers={"authorization": f"Bearer {KEY}"},
        key_origin="the key came from api_key",
    )
    asyncio.run(check_model(llm, connection))


@pytest.mark.parametrize("model", ["llama3", "llama3:latest", "qwen3-4b", "qwen3-4b@q8_0"])
@pytest.mark.parametrize("preset", ["vllm", "ollama", "lmstudio"])
def test_a_listed_model_passes(fault_server: FaultServer, preset: Any, model: str) -> None:
    fault_server.answer_with(LIST)
    check(OpenAILLM(model=model, preset=preset, base_url=f"{fault_server.url}/v1"))
    assert [received.path for received in fault_server.received] == ["/v1/models"]


def test_an_unlisted_model_is_unknown_where_the_list_is_complete(fault_server: FaultServer) -> None:
    fault_server.answer_with(LIST)
    with pytest.raises(UnknownModelError, match="did you mean 'qwen3-4b'"):
        check(OpenAILLM(model="qwen-4b", preset="vllm", base_url=fault_server.url))
    with pytest.raises(UnknownModelError, match="it has: llama3:latest, qwen3-4b"):
        check(OpenAILLM(model="zzz", preset="vllm", base_url=fault_server.url))
    check(OpenAILLM(model="zzz", base_url=fault_server.url))


def test_openai_is_asked_for_the_model_itself(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(body={"id": "gpt-x"}))
    check_as_openai(fault_server, "gpt-x")
    assert [received.path for received in fault_server.received] == ["/v1/models/gpt-x"]
    fault_server.answer_with(
        Reply(404, {"error": {"message": "no"}}), Reply(body={"data": [{"id": "gpt-x"}]})
    )
    with pytest.raises(UnknownModelError, match="did you mean 'gpt-x'"):
        check_as_openai(fault_server, "gpt-xx")


def test_the_urls_of_the_check_at_openai_are_the_sdks() -> None:
    llm = OpenAILLM(model="org/model", api_key=KEY)
    llm.load()
    assert llm._connection is not None
    assert llm._connection.models_url == "https://api.openai.com/v1/models"
    assert llm._connection.model_url == "https://api.openai.com/v1/models/org%2Fmodel"


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_raises_and_says_where_it_came_from(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    fault_server.answer_with(Reply(status, {"error": {"message": f"wrong key {KEY}"}}))
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY") as caught:
        check(OpenAILLM(model="m", base_url=fault_server.url))
    assert KEY not in str(caught.value)


def test_a_missing_key_raises() -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        check(OpenAILLM(model="m"))


def test_a_server_out_of_reach_raises() -> None:
    with FaultServer() as server:
        url = server.url
    with pytest.raises(LLMConnectionError, match="cannot reach"):
        check(OpenAILLM(model="m", base_url=url))


def test_a_redirect_raises(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(301, headers={"location": "https://elsewhere"}))
    with pytest.raises(BadRequestError, match="base_url"):
        check(OpenAILLM(model="m", base_url=fault_server.url))


@pytest.mark.parametrize("status", [404, 405, 429, 500, 501, 503])
@pytest.mark.parametrize("preset", ["openai", "vllm"])
def test_a_server_without_a_list_or_a_busy_one_passes(
    fault_server: FaultServer, preset: Any, status: int
) -> None:
    fault_server.answer_with(Reply(status, b"no"))
    check(OpenAILLM(model="m", preset=preset, base_url=fault_server.url))


def test_a_key_restricted_to_asking_models_passes(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(403, {"error": {"message": "Missing scopes: api.model.read"}}))
    check_as_openai(fault_server, "gpt-x")


def test_a_page_in_place_of_the_list_says_that_base_url_is_wrong(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(body=b"<html><title>Welcome</title></html>"))
    with pytest.raises(InvalidResponseError, match="base_url"):
        check(OpenAILLM(model="m", preset="ollama", base_url=fault_server.url))
