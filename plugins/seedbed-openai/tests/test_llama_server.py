"""The backend against a real server with a real model."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.support.llama_server import LlamaServer

from seedbed import AuthenticationError, ContextOverflowError, Gateway, RetryPolicy
from seedbed_openai import OpenAILLM

ASK = [{"role": "user", "content": "Tell me a joke."}]
SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string", "maxLength": 20}, "level": {"enum": ["easy", "hard"]}},
    "required": ["question", "level"],
    "additionalProperties": False,
}


def at(server: LlamaServer, **fields: Any) -> OpenAILLM:
    llm = OpenAILLM(
        **{"model": server.model, "base_url": f"{server.url}/v1", "api_key": server.api_key} | fields
    )
    return llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)


@pytest.mark.slow
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_texts_and_usage_come_back(llama_server: LlamaServer, api: Any) -> None:
    response = at(llama_server, api=api).complete(ASK, max_tokens=12, temperature=0)
    (choice,) = response.choices
    assert choice.text
    assert response.usage.input_tokens > 5
    assert 0 < response.usage.output_tokens <= 12


def test_an_answer_cut_at_its_longest_says_so(llama_server: LlamaServer) -> None:
    response = at(llama_server).complete(ASK, max_tokens=3)
    assert response.choices[0].finish_reason == "length"


@pytest.mark.slow
def test_inputs_are_answered_in_order(llama_server: LlamaServer) -> None:
    questions = [[{"role": "user", "content": f"Say {word}."}] for word in ("one", "two", "three")]
    answers = at(llama_server).generate(questions, num_generations=2, max_tokens=5, seed=1)
    assert [len(texts) for texts in answers] == [2, 2, 2]


@pytest.mark.slow
def test_a_seed_repeats_an_answer(llama_server: LlamaServer) -> None:
    llm = at(llama_server, temperature=1.0, max_tokens=16)
    first, again = llm.generate([ASK], seed=3), llm.generate([ASK], seed=3)
    other = llm.generate([ASK], seed=4)
    assert first == again
    assert first != other


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("kind", ["json_schema", "json_object"])
def test_structured_output_is_json(llama_server: LlamaServer, kind: Any) -> None:
    # Any JSON begins at once; what fits the schema has to end.
    longest = 120 if kind == "json_schema" else 8
    llm = at(llama_server, structured_output=kind, max_tokens=longest, temperature=0)
    response = llm.complete([{"role": "user", "content": "Ask about the sea."}], schema=SCHEMA)
    if kind == "json_schema":
        answer = json.loads(response.choices[0].text or "")
        assert answer.keys() == {"question", "level"}
        assert answer["level"] in ("easy", "hard")
    else:
        assert (response.choices[0].text or "").lstrip().startswith("{")


@pytest.mark.slow
def test_log_probabilities_come_with_alternatives(llama_server: LlamaServer) -> None:
    choice = at(llama_server).complete(ASK, logprobs=2, max_tokens=4).choices[0]
    assert choice.logprobs
    assert all(len(token.top) == 2 and token.logprob <= 0 for token in choice.logprobs)
    assert "".join(token.token for token in choice.logprobs) == choice.text


def test_a_wrong_key_is_an_authentication_error(llama_server: LlamaServer) -> None:
    llm = at(llama_server, api_key="sk-wrong-key-0123456789")
    with pytest.raises(AuthenticationError) as caught:
        llm.generate([ASK])
    assert "sk-wrong" not in str(caught.value)


def test_a_prompt_beyond_the_context_is_a_context_overflow(llama_server: LlamaServer) -> None:
    with pytest.raises(ContextOverflowError):
        at(llama_server).generate([[{"role": "user", "content": "word " * 3 * llama_server.context_tokens}]])


def test_the_check_passes(llama_server: LlamaServer) -> None:
    asyncio.run(at(llama_server).check())
