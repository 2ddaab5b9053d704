"""The backend and the embedder keep their contracts, on each of OpenAI's protocols."""

from __future__ import annotations

from seedbed.testing import ChatCompletions, EmbedderContract, EmbeddingsAPI, LLMContract, ResponsesAPI
from seedbed_openai import OpenAIEmbedder, OpenAILLM


class TestChatCompletions(LLMContract):
    llm_class = OpenAILLM
    wire = ChatCompletions()


class TestResponses(LLMContract):
    llm_class = OpenAILLM
    fields = {"api": "responses"}
    wire = ResponsesAPI()


class TestServerOfOnesOwn(LLMContract):
    llm_class = OpenAILLM
    fields = {"preset": "vllm"}
    wire = ChatCompletions()


class TestEmbeddings(EmbedderContract):
    embedder_class = OpenAIEmbedder
    wire = EmbeddingsAPI()


class TestEmbeddingsOfServerOfOnesOwn(EmbedderContract):
    embedder_class = OpenAIEmbedder
    fields = {"preset": "vllm", "encoding_format": "float"}
    wire = EmbeddingsAPI()
