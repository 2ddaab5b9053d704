"""A real server that speaks the Messages API: llama.cpp's, with a real model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.llama_server import LlamaServer

from seedbed import AuthenticationError, ContextOverflowError
from seedbed_anthropic import AnthropicLLM

QUESTION = [{"role": "user", "content": "Name a colour."}]


def new_llm(server: LlamaServer, **fields: Any) -> AnthropicLLM:
    settings = {"model": server.model, "api_key": server.api_key, "base_url": server.url, "max_tokens": 6}
    return AnthropicLLM(**settings | fields)


@pytest.mark.slow
def test_a_real_model_answers_with_usage(llama_server: LlamaServer) -> None:
    response = new_llm(llama_server, temperature=0.0).complete(QUESTION)
    assert response.choices[0].text
    assert response.choices[0].finish_reason in ("stop", "length")
    assert response.usage.input_tokens > 0
    assert 0 < response.usage.output_tokens <= 6


@pytest.mark.slow
def test_a_system_prompt_reaches_the_model(llama_server: LlamaServer) -> None:
    llm = new_llm(llama_server)
    long = [{"role": "system", "content": "Answer like a painter. " * 20}, *QUESTION]
    assert llm.complete(long).usage.input_tokens > llm.complete(QUESTION).usage.input_tokens + 80


@pytest.mark.slow
def test_several_generations_of_several_inputs(llama_server: LlamaServer) -> None:
    generations = new_llm(llama_server, max_tokens=3).generate([QUESTION, QUESTION], num_generations=2)
    assert [len(texts) for texts in generations] == [2, 2]
    assert all(texts for texts in generations)


@pytest.mark.slow
def test_a_conversation_with_tool_results_is_understood(llama_server: LlamaServer) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    conversation = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "Sunny"},
    ]
    assert new_llm(llama_server).complete(conversation).choices[0].text


def test_the_right_key_passes_the_check(llama_server: LlamaServer) -> None:
    asyncio.run(new_llm(llama_server).check())


@pytest.mark.parametrize("key", ["a-wrong-key-of-someone", None])
def test_a_wrong_key_is_an_authentication_error(llama_server: LlamaServer, key: str | None) -> None:
    llm = new_llm(llama_server, api_key=key)
    with pytest.raises(AuthenticationError):
        llm.generate([QUESTION])


def test_a_prompt_beyond_the_context_is_told(llama_server: LlamaServer) -> None:
    with pytest.raises(ContextOverflowError):
        new_llm(llama_server).generate([[{"role": "user", "content": "word " * llama_server.context_tokens}]])
