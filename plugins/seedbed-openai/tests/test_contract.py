"""The backend keeps the contract of all backends, on both of OpenAI's protocols."""

from __future__ import annotations

from seedbed.testing import ChatCompletions, LLMContract, ResponsesAPI
from seedbed_openai import OpenAILLM


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
