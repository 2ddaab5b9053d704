"""What is sent equals what the official SDK sends for the same arguments."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Received, Reply

from seedbed import image_part
from seedbed_openai import OpenAILLM
from seedbed_openai.chat import chat_body
from seedbed_openai.presets import OPENAI

KEY = "sk-test-0123456789"
CHAT_ANSWER = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
RESPONSES_ANSWER = {
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
}
SCHEMA = {
    "type": "object",
    "properties": {"joke": {"type": "string"}},
    "required": ["joke"],
    "additionalProperties": False,
}
USER = {"role": "user", "content": "Tell me a joke."}
SYSTEM = {"role": "system", "content": "Be brief."}
FUNCTION = {"name": "laugh", "description": "Laugh.", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
CHOICE = {"type": "function", "function": {"name": "laugh"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "laugh", "arguments": "{}"}}
IMAGE = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image_part(b"\x89PNG")]}
IMAGE_URL = image_part(b"\x89PNG")["image_url"]["url"]
DIALOGUE = [
    SYSTEM,
    USER,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "ha ha"},
    {"role": "assistant", "content": "I laughed."},
    {"role": "user", "content": 'Ünïcödé 🙂\n"quoted"'},
]

# name: (fields of the LLM, messages, parameters of the call, arguments of the SDK)
CHAT_CASES: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, [USER], {}, {}),
    "system": ({}, [SYSTEM, USER], {}, {}),
    "images": ({}, [IMAGE], {}, {}),
    "dialogue with tools": ({}, DIALOGUE, {"tools": [TOOL]}, {"tools": [TOOL]}),
    "tool_choice": (
        {},
        [USER],
        {"tools": [TOOL], "tool_choice": CHOICE},
        {"tools": [TOOL], "tool_choice": CHOICE},
    ),
    "sampling": (
        {"temperature": 0.5},
        [USER],
        {"top_p": 0.9, "max_tokens": 7},
        {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7},
    ),
    "json_schema": (
        {},
        [USER],
        {"schema": SCHEMA},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
            }
        },
    ),
    "stop": ({}, [USER], {"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
    "seed": ({}, [USER], {"seed": 7}, {"seed": 7}),
    "temperature zero": ({}, [USER], {"temperature": 0.0}, {"temperature": 0.0}),
    "logprobs": ({}, [USER], {"logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
    "logprobs of the chosen": ({}, [USER], {"logprobs": 0}, {"logprobs": True}),
    "reasoning_effort": ({"reasoning_effort": "low"}, [USER], {}, {"reasoning_effort": "low"}),
    "extra": (
        {"extra": {"user": "u1", "top_k": 4}},
        [USER],
        {},
        {"user": "u1", "extra_body": {"top_k": 4}},
    ),
}
RESPONSES_CASES: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, [USER], {}, {"input": [USER]}),
    "system": ({}, [SYSTEM, USER], {}, {"input": [SYSTEM, USER]}),
    "images": (
        {},
        [IMAGE],
        {},
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "What is this?"},
                        {"type": "input_image", "image_url": IMAGE_URL, "detail": "auto"},
                    ],
                }
            ]
        },
    ),
    "dialogue with tools": (
        {},
        DIALOGUE,
        {"tools": [TOOL], "tool_choice": CHOICE},
        {
            "input": [
                SYSTEM,
                USER,
                {"type": "function_call", "call_id": "call_1", "name": "laugh", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "ha ha"},
                *DIALOGUE[4:],
            ],
            "tools": [{"type": "function", "strict": False, **FUNCTION}],
            "tool_choice": {"type": "function", "name": "laugh"},
        },
    ),
    "sampling": (
        {"temperature": 0.5},
        [USER],
        {"top_p": 0.9, "max_tokens": 7},
        {"input": [USER], "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 7},
    ),
    "json_schema": (
        {},
        [USER],
        {"schema": SCHEMA},
        {
            "input": [USER],
            "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
        },
    ),
    "logprobs": (
        {},
        [USER],
        {"logprobs": 3},
        {"input": [USER], "include": ["message.output_text.logprobs"], "top_logprobs": 3},
    ),
    "reasoning_effort": (
        {"reasoning_effort": "low"},
        [USER],
        {},
        {"input": [USER], "reasoning": {"effort": "low"}},
    ),
    "extra": (
        {"extra": {"user": "u1", "top_k": 4}},
        [USER],
        {},
        {"input": [USER], "user": "u1", "extra_body": {"top_k": 4}},
    ),
}


def significant(received: Received) -> dict[str, str]:
    kept = ("authorization", "api-key", "openai-", "x-title", "content-type", "accept")
    return {
        name: value
        for name, value in received.headers.items()
        if name.startswith(kept) and name != "accept-encoding"
    }


def sdk() -> Any:
    """Return OpenAI's package, imported late: it takes a second, and each worker of pytest collects all."""
    import openai

    return openai


def exchange(server: FaultServer, llm: OpenAILLM, client: Any, case: Any) -> tuple[Any, Any]:
    _, messages, parameters, arguments = case
    server.answer_with(Reply(body=RESPONSES_ANSWER if llm.api == "responses" else CHAT_ANSWER))
    assert llm.generate([messages], **parameters) == [["Hi"]]
    with client:
        if llm.api == "responses":
            client.responses.create(model=llm.model, store=False, stream=False, **arguments)
        else:
            client.chat.completions.create(model=llm.model, messages=messages, stream=False, **arguments)
    ours, theirs = server.received
    return ours, theirs


def assert_equal(ours: Received, theirs: Received) -> None:
    assert ours.json() == theirs.json()
    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert significant(ours) == significant(theirs)


@pytest.mark.parametrize("name", CHAT_CASES)
def test_chat_completions_are_sent_as_the_sdk_sends_them(fault_server: FaultServer, name: str) -> None:
    case = CHAT_CASES[name]
    base_url = f"{fault_server.url}/v1"
    llm = OpenAILLM(model="org/some-model", api_key=KEY, base_url=base_url, **case[0])
    client = sdk().OpenAI(api_key=KEY, base_url=base_url, max_retries=0)
    assert_equal(*exchange(fault_server, llm, client, case))


@pytest.mark.parametrize("name", RESPONSES_CASES)
def test_the_responses_api_is_asked_as_the_sdk_asks_it(fault_server: FaultServer, name: str) -> None:
    case = RESPONSES_CASES[name]
    base_url = f"{fault_server.url}/v1/"
    llm = OpenAILLM(model="m", api_key=KEY, base_url=base_url, api="responses", **case[0])
    client = sdk().OpenAI(api_key=KEY, base_url=base_url, max_retries=0)
    assert_equal(*exchange(fault_server, llm, client, case))


def test_organisation_project_and_further_headers_are_sent(fault_server: FaultServer) -> None:
    base_url = f"{fault_server.url}/v1"
    llm = OpenAILLM(
        model="m",
        api_key=KEY,
        base_url=base_url,
        organization="org-1",
        project="proj-1",
        default_headers={"X-Title": "seedbed"},
    )
    client = sdk().OpenAI(
        api_key=KEY,
        base_url=base_url,
        organization="org-1",
        project="proj-1",
        default_headers={"X-Title": "seedbed"},
    )
    ours, theirs = exchange(fault_server, llm, client, CHAT_CASES["plain"])
    assert_equal(ours, theirs)
    assert ours.headers["authorization"] == f"Bearer {KEY}"
    assert ours.headers["openai-organization"] == "org-1"
    assert ours.headers["openai-project"] == "proj-1"
    assert ours.headers["x-title"] == "seedbed"


def test_the_sdk_environment_variables_count(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{fault_server.url}/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-2")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-2")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Title: from the environment")
    ours, theirs = exchange(
        fault_server, OpenAILLM(model="m"), sdk().OpenAI(max_retries=0), CHAT_CASES["plain"]
    )
    assert_equal(ours, theirs)
    assert ours.headers["authorization"] == f"Bearer {KEY}"
    assert ours.headers["openai-organization"] == "org-2"
    assert ours.headers["x-title"] == "from the environment"


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("deployment", [None, "my-deployment"])
@pytest.mark.parametrize("credential", ["api_key", "azure_ad_token"])
def test_azure_is_asked_as_the_sdk_asks_it(
    fault_server: FaultServer, api: Any, deployment: str | None, credential: str
) -> None:
    fields: Any = {
        "azure_endpoint": fault_server.url,
        "azure_deployment": deployment,
        "api_version": "2025-04-01-preview",
        credential: KEY,
    }
    llm = OpenAILLM(model="gpt-x", api=api, **fields)
    case = CHAT_CASES["plain"] if api == "chat" else RESPONSES_CASES["plain"]
    ours, theirs = exchange(fault_server, llm, sdk().AzureOpenAI(**fields), case)
    assert_equal(ours, theirs)
    assert ours.query == {"api-version": "2025-04-01-preview"}
    assert llm.price_id == "azure/gpt-x"


def test_azure_environment_variables_count(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", fault_server.url)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    llm = OpenAILLM(model="gpt-x", preset="azure")
    ours, theirs = exchange(fault_server, llm, sdk().AzureOpenAI(), CHAT_CASES["plain"])
    assert_equal(ours, theirs)
    assert ours.headers["api-key"] == KEY


@pytest.mark.parametrize("preset", ["vllm", "groq", "openrouter", "together"])
def test_other_servers_get_the_sdk_headers_without_the_sdk(fault_server: FaultServer, preset: Any) -> None:
    base_url = f"{fault_server.url}/v1"
    llm = OpenAILLM(model="m", preset=preset, api_key=KEY, base_url=base_url)
    client = sdk().OpenAI(api_key=KEY, base_url=base_url)
    assert_equal(*exchange(fault_server, llm, client, CHAT_CASES["plain"]))


def test_openai_itself_gets_max_completion_tokens_and_n(fault_server: FaultServer) -> None:
    llm = OpenAILLM(model="m", api_key=KEY)
    request = llm.request([{"role": "developer", "content": "Be brief."}, USER], n=3, max_tokens=9)
    body = chat_body(
        request, model="m", preset=OPENAI, structured_output="json_schema", reasoning_effort=None
    )
    fault_server.answer_with(Reply(body=CHAT_ANSWER))
    with sdk().OpenAI(api_key=KEY, base_url=fault_server.url) as client:
        client.chat.completions.create(
            model="m",
            messages=[{"role": "developer", "content": "Be brief."}, USER],  # type: ignore[list-item]
            n=3,
            max_completion_tokens=9,
            stream=False,
        )
    assert body == fault_server.received[0].json()


def test_other_servers_get_developer_messages_as_system_messages(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(body=CHAT_ANSWER))
    llm = OpenAILLM(model="m", preset="vllm", base_url=fault_server.url)
    llm.generate([[{"role": "developer", "content": "Be brief."}, USER]])
    assert fault_server.received[0].json()["messages"] == [SYSTEM, USER]


def test_json_mode_carries_the_schema_in_the_prompt(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(body=CHAT_ANSWER))
    llm = OpenAILLM(model="m", preset="deepseek", api_key=KEY, base_url=fault_server.url)
    llm.generate([[SYSTEM, USER]], schema=SCHEMA)
    body = fault_server.received[0].json()
    assert body["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][0]["content"].startswith("Be brief.\n\n")
    assert '"joke"' in body["messages"][0]["content"]


def test_mistral_takes_its_seed_under_another_name(fault_server: FaultServer) -> None:
    fault_server.answer_with(Reply(body=CHAT_ANSWER))
    llm = OpenAILLM(model="m", preset="mistral", api_key=KEY, base_url=fault_server.url)
    llm.generate([[USER]], seed=5)
    assert fault_server.received[0].json()["random_seed"] == 5
