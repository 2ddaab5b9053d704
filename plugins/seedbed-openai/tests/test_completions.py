"""Raw prompts go to POST /completions as OpenAI's SDK sends them, without a chat template."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply
from tests.support.llama_server import LlamaServer

from seedbed import Response, TokenLogprob, UnsupportedError, Usage
from seedbed_openai import OpenAILLM

PROMPT = [{"role": "user", "content": "Once upon a time"}]
LOGPROBS = {
    "tokens": [" there", "."],
    "token_logprobs": [-0.5, -1.5],
    "top_logprobs": [{" there": -0.5, " a": -2.0}, {".": -1.5}],
    "text_offset": [0, 6],
}
ANSWER: dict[str, Any] = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "text": " there.", "finish_reason": "length", "logprobs": LOGPROBS}],
    "usage": {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6},
}


def complete(server: FaultServer, *, answer: Any = ANSWER, fields: Any = (), **parameters: Any) -> Response:
    """Ask for one raw completion."""
    server.answer_with(Reply(body=answer if isinstance(answer, bytes) else json.dumps(answer).encode()))
    llm = OpenAILLM(**{"model": "m", "api_key": "k", "base_url": f"{server.url}/v1"} | dict(fields))
    return llm.complete(PROMPT, raw_prompt=True, **parameters)


PARAMETERS: dict[str, dict[str, Any]] = {
    "none": {},
    "sampling": {"temperature": 0.0, "top_p": 0.5, "max_tokens": 7, "seed": 3},
    "logprobs": {"logprobs": 2},
    "extra": {"extra": {"echo": True}},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", PARAMETERS)
def test_the_body_equals_that_of_the_sdk(case: str, fault_server: FaultServer) -> None:
    # Imported here, since it takes a second and each worker of pytest collects all tests.
    from openai import OpenAI

    given = PARAMETERS[case]
    complete(fault_server, **given)
    sdk = OpenAI(api_key="k", base_url=f"{fault_server.url}/v1", max_retries=0)
    theirs = {name: value for name, value in given.items() if name != "extra"} | given.get("extra", {})
    sdk.completions.create(model="m", prompt="Once upon a time", stream=False, **theirs)
    ours, other = fault_server.received
    assert (ours.path, ours.json()) == (other.path, other.json()) == ("/v1/completions", other.json())


def test_text_usage_and_log_probabilities_come_back(fault_server: FaultServer) -> None:
    response = complete(fault_server, logprobs=2)
    (choice,) = response.choices
    assert (choice.text, choice.finish_reason) == (" there.", "length")
    assert response.usage == Usage(4, 2)
    assert choice.logprobs == (
        TokenLogprob(" there", -0.5, ((" there", -0.5), (" a", -2.0))),
        TokenLogprob(".", -1.5, ((".", -1.5),)),
    )
    assert response.raw == ANSWER


def test_a_stream_that_nobody_asked_for_is_read(fault_server: FaultServer) -> None:
    pieces = [
        {"choices": [{"index": 0, "text": " the", "finish_reason": None}]},
        {"choices": [{"index": 0, "text": "re.", "finish_reason": "stop"}]},
    ]
    events = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"
    assert complete(fault_server, answer=events.encode()).choices[0].text == " there."


@pytest.mark.slow
def test_azure_has_a_place_of_its_own(fault_server: FaultServer) -> None:
    from openai import AzureOpenAI

    azure = {"azure_endpoint": fault_server.url, "api_version": "2024-10-21", "base_url": None}
    complete(fault_server, fields=azure)
    sdk = AzureOpenAI(azure_endpoint=fault_server.url, api_version="2024-10-21", api_key="k", max_retries=0)
    sdk.completions.create(model="m", prompt="Once upon a time", stream=False)
    ours, theirs = fault_server.received
    assert ours.path == theirs.path
    assert "/completions" in ours.path
    assert "chat" not in ours.path


@pytest.mark.parametrize("fields", [{"preset": "groq"}, {"lacks": ("raw_prompt",)}, {"api": "responses"}])
def test_where_there_is_no_such_place_nothing_is_asked(fields: Any, fault_server: FaultServer) -> None:
    with pytest.raises(UnsupportedError, match="raw_prompt"):
        complete(fault_server, fields=fields)
    assert not fault_server.received


@pytest.mark.slow
def test_a_real_model_is_given_the_prompt_without_a_template(llama_server: LlamaServer) -> None:
    llm = OpenAILLM(model=llama_server.model, base_url=f"{llama_server.url}/v1", api_key=llama_server.api_key)
    messages = [{"role": "user", "content": "<|im_start|>user\n"}]
    raw = llm.complete(messages, raw_prompt=True, max_tokens=4, seed=1, logprobs=1)
    assert raw.usage.input_tokens == 3
    assert raw.choices[0].logprobs is not None
    assert llm.complete(messages, max_tokens=4).usage.input_tokens > 10
