"""Keys, presets, capabilities, and what is never shown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.support.fault_server import FaultServer, Reply

from seedbed import (
    AuthenticationError,
    Gateway,
    LLMError,
    ParameterError,
    RetryPolicy,
    UnsupportedError,
    UsageError,
)
from seedbed_openai import OpenAILLM
from seedbed_openai.llm import Lack
from seedbed_openai.presets import PRESETS, PresetName

KEY = "sk-secret-0123456789"
ASK = [[{"role": "user", "content": "Hi"}]]
ANSWER = Reply(body={"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})


def test_a_missing_key_is_found_before_any_request_and_says_what_to_do() -> None:
    with pytest.raises(AuthenticationError) as caught:
        OpenAILLM(model="gpt-x").load()
    assert "OPENAI_API_KEY" in str(caught.value)
    assert "--set llm.api_key" in str(caught.value)


@pytest.mark.parametrize("preset", [name for name in PRESETS if PRESETS[name].needs_key])
def test_a_provider_without_its_key_names_the_variable(preset: Any) -> None:
    with pytest.raises(AuthenticationError, match=PRESETS[preset].key_variable):
        OpenAILLM(model="m", preset=preset).load()


@pytest.mark.parametrize("preset", ["vllm", "ollama", "lmstudio"])
def test_a_local_server_needs_no_key(fault_server: FaultServer, preset: Any) -> None:
    fault_server.answer_with(ANSWER)
    llm = OpenAILLM(model="m", preset=preset, base_url=fault_server.url)
    assert llm.generate(ASK) == [["Hi"]]
    assert "authorization" not in fault_server.received[0].headers


def test_an_address_of_ones_own_needs_no_key(fault_server: FaultServer) -> None:
    fault_server.answer_with(ANSWER)
    assert OpenAILLM(model="m", base_url=fault_server.url).generate(ASK) == [["Hi"]]
    assert "authorization" not in fault_server.received[0].headers


def test_the_openai_key_goes_to_no_other_provider(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Internal: 12345678")
    monkeypatch.setenv("GROQ_API_KEY", "gsk-other-provider")
    fault_server.answer_with(ANSWER)
    OpenAILLM(model="m", preset="groq", base_url=fault_server.url).generate(ASK)
    OpenAILLM(model="m", preset="vllm", base_url=fault_server.url).generate(ASK)
    groq, vllm = (received.headers for received in fault_server.received)
    assert groq["authorization"] == "Bearer gsk-other-provider"
    assert "authorization" not in vllm
    assert not {"openai-organization", "x-internal"} & (groq.keys() | vllm.keys())


def test_no_key_is_shown(fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    llm = OpenAILLM(
        model="m", base_url=fault_server.url, default_headers={"X-Gateway-Key": KEY}, token_provider=None
    )
    llm.load()
    assert set(llm.secrets()) >= {"sk-from-the-environment", KEY}
    given = OpenAILLM(model="m", api_key=KEY, base_url=fault_server.url)
    given.load()
    for shown in (llm, given):
        texts = [repr(shown), str(shown.model_dump()), shown.model_dump_json(), repr(shown._connection)]
        texts += [shown.endpoint, shown.credential_id, shown.reference]
        assert not any(KEY in text or "sk-from" in text for text in texts)
    assert llm.credential_id != given.credential_id
    assert len(given.credential_id) == 16


@pytest.mark.parametrize("key", ["", "   ", "sk-\nsplit", "sk-“quoted”"])
def test_a_key_that_can_be_none_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(AuthenticationError, match="api_key") as caught:
        OpenAILLM(model="m", api_key=key).load()
    assert "split" not in str(caught.value)
    assert "quoted" not in str(caught.value)


def test_a_token_provider_is_asked_for_each_request(fault_server: FaultServer) -> None:
    tokens = iter(f"token-{number:09}" for number in range(10))
    fault_server.answer_with(ANSWER)
    llm = OpenAILLM(model="m", base_url=fault_server.url, token_provider=lambda: next(tokens))
    llm.generate(ASK)
    llm.generate(ASK)
    first, second = (received.headers["authorization"] for received in fault_server.received)
    assert first != second
    assert second.removeprefix("Bearer ") in llm.secrets()


def test_a_token_provider_serves_azure(fault_server: FaultServer) -> None:
    fault_server.answer_with(ANSWER)
    llm = OpenAILLM(
        model="m", azure_endpoint=fault_server.url, api_version="1", token_provider=lambda: "token-000000001"
    )
    llm.generate(ASK)
    headers = fault_server.received[0].headers
    assert headers["authorization"] == "Bearer token-000000001"
    assert "api-key" not in headers


def test_a_token_provider_that_fails_is_an_authentication_error(fault_server: FaultServer) -> None:
    def fail() -> str:
        raise OSError(f"cannot refresh {KEY}")

    with pytest.raises(AuthenticationError, match="token_provider failed with OSError") as caught:
        OpenAILLM(model="m", base_url=fault_server.url, token_provider=fail).generate(ASK)
    assert KEY not in str(caught.value)


def test_azure_without_a_version_is_a_parameter_error() -> None:
    with pytest.raises(ParameterError, match="api_version"):
        OpenAILLM(model="m", azure_endpoint="https://x.openai.azure.com", api_key=KEY).load()


def test_a_setting_that_no_header_can_carry_is_a_parameter_error() -> None:
    with pytest.raises(ParameterError, match="a header isn't ASCII"):
        OpenAILLM(model="m", organization="Ünï", api_key=KEY).load()


@pytest.mark.parametrize("name", PRESETS)
def test_the_readme_tells_of_each_preset(name: Any) -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
    preset = PRESETS[name]
    mode = {"json_schema": "JSON Schema", "json_object": "JSON mode"}[preset.structured_output]
    lacking = [lack for lack in get_args(Lack) if not getattr(preset.capabilities, lack)]
    assert all(part in row for part in (preset.base_url, preset.key_variable, mode, *lacking))
    assert ("optional" in row) is not preset.needs_key


@pytest.mark.parametrize(
    "fields",
    [
        {"base_url": "localhost:8000"},
        {"base_url": "ftp://localhost"},
        {"base_url": "https://user:password@host/v1"},
        {"preset": "chatgpt"},
        {"api": "completions"},
        {"preset": "groq", "azure_endpoint": "https://x.openai.azure.com"},
        {"api_version": "2024-10-21"},
        {"api_key": KEY, "token_provider": lambda: "token"},
        {"default_headers": {"X-A": "a\nb: c"}},
    ],
)
def test_settings_that_cannot_be_are_refused_without_showing_values(fields: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        OpenAILLM(model="m", **fields)
    assert KEY not in str(caught.value)
    assert "password@" not in str(caught.value)


def test_capabilities_follow_the_server() -> None:
    openai = OpenAILLM(model="m").capabilities
    assert (openai.n, openai.seed, openai.structured_output) == (True, True, True)
    unknown = OpenAILLM(model="m", base_url="http://localhost:8080/v1").capabilities
    assert (unknown.n, unknown.seed, unknown.structured_output) == (False, True, True)
    responses = OpenAILLM(model="m", api="responses").capabilities
    assert (responses.n, responses.seed, responses.structured_output) == (False, False, True)
    chosen = OpenAILLM(model="m", lacks=["seed"], structured_output="none").capabilities
    assert (chosen.seed, chosen.structured_output) == (False, False)
    assert OpenAILLM(model="m", base_url="https://eu.api.openai.com/v1").capabilities == openai


def test_the_responses_api_refuses_stop_before_sending(fault_server: FaultServer) -> None:
    llm = OpenAILLM(model="m", base_url=fault_server.url, api="responses")
    with pytest.raises(UnsupportedError, match="stop"):
        llm.generate(ASK, stop=["x"])
    assert fault_server.count == 0


def test_the_price_is_that_of_the_provider() -> None:
    assert OpenAILLM(model="gpt-x").price_id == "openai/gpt-x"
    assert OpenAILLM(model="gpt-x", base_url="http://localhost/v1").price_id is None
    assert OpenAILLM(model="a/b", preset="openrouter").price_id == "openrouter/a/b"
    assert OpenAILLM(model="m", preset="ollama").price_id is None
    at_azure = OpenAILLM(model="m", base_url="https://x.openai.azure.com/openai/v1")
    assert at_azure.price_id == "azure/m"


def test_every_preset_has_a_name_and_every_name_a_preset() -> None:
    assert set(get_args(PresetName)) == PRESETS.keys()


def test_the_fields_have_a_json_schema() -> None:
    properties = OpenAILLM.model_json_schema()["properties"]
    assert all("description" in properties[name] for name in ("preset", "api_key", "base_url"))


def test_unload_lets_a_changed_environment_count(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    llm = OpenAILLM(model="m", base_url=fault_server.url)
    before = llm.credential_id
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert llm.credential_id == before
    llm.unload()
    assert llm.credential_id != before


def test_a_secret_in_a_servers_words_does_not_reach_the_message(fault_server: FaultServer) -> None:
    llm = OpenAILLM(model="m", base_url=fault_server.url, default_headers={"X-Gateway-Key": KEY})
    fault_server.answer_with(Reply(400, {"error": {"message": f"bad header {KEY}"}}))
    with pytest.raises(LLMError) as caught:
        llm.bound(Gateway(retry=RetryPolicy(tries=1)), None).generate(ASK)
    assert "[secret]" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://[::1/v1", "http://127.0.0.1:99999/v1", "http://host..example/v1", "host:1"]
)
def test_an_address_of_the_environment_that_is_none_ends_the_run(monkeypatch: Any, url: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UsageError, match="is not a URL of a server"):
        asyncio.run(OpenAILLM(model="m", api_key=KEY).check())
