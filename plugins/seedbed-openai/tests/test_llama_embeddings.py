"""The embedder against a real server with a real model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.llama_server import LlamaServer

from seedbed import AuthenticationError, Gateway, LLMError, RetryPolicy, run
from seedbed_data import DedupSemantic
from seedbed_openai import OpenAIEmbedder

TEXTS = ["How do tides come about?", "What makes the tides?", "def f(x): return x + 1"]


def at(server: LlamaServer, **fields: Any) -> OpenAIEmbedder:
    given = {"model": server.model, "base_url": f"{server.url}/v1", "api_key": server.api_key}
    return OpenAIEmbedder(**given | fields).bound(Gateway(retry=RetryPolicy(tries=1)), None)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["base64", "float"])
def test_texts_of_one_meaning_have_near_vectors(llama_embedding_server: LlamaServer, encoding: Any) -> None:
    first, near, far = at(llama_embedding_server, encoding_format=encoding).vectors(TEXTS)
    assert len(first) == 576
    assert first @ near > first @ far


@pytest.mark.slow
def test_both_encodings_give_one_vector(llama_embedding_server: LlamaServer) -> None:
    packed = at(llama_embedding_server, encoding_format="base64").vectors(TEXTS)
    assert (packed == at(llama_embedding_server, encoding_format="float").vectors(TEXTS)).all()


def test_a_text_beyond_the_server_s_batch_is_refused(llama_embedding_server: LlamaServer) -> None:
    with pytest.raises(LLMError, match="too large to process"):
        at(llama_embedding_server).vectors(["word " * 5000])


def test_a_wrong_key_is_an_authentication_error(llama_embedding_server: LlamaServer) -> None:
    with pytest.raises(AuthenticationError) as caught:
        at(llama_embedding_server, api_key="sk-wrong-key-0123456789").vectors(["a"])
    assert "sk-wrong" not in str(caught.value)


def test_the_check_passes(llama_embedding_server: LlamaServer) -> None:
    asyncio.run(at(llama_embedding_server).check())


@pytest.mark.slow
def test_a_run_counts_the_tokens_of_its_embeddings(llama_embedding_server: LlamaServer) -> None:
    embedder = at(llama_embedding_server)
    made = run(
        DedupSemantic(embedder=embedder, threshold=0.999),
        input=[{"text": text} for text in TEXTS],
        max_tokens=10_000,
    )
    assert made.accepted == 3
    assert made.calls.usage.input_tokens > 10
