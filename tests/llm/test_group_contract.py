"""Pools and fallbacks are LLMs like any other: the contract of all backends, over HTTP."""

from __future__ import annotations

from typing import Any

from seedbed.llm.pools.fallback import FallbackLLM
from seedbed.llm.pools.pool import PoolLLM
from seedbed.testing import ChatCompletions, LLMContract
from seedbed_openai import OpenAILLM


class GroupContract(LLMContract):
    """The contract of a group of one or more OpenAI endpoints."""

    wire = ChatCompletions()

    def new_llm(self, **fields: Any) -> Any:
        connection = ("base_url", "api_key", "model")
        own = {name: fields.pop(name) for name in connection if name in fields}
        shared = {"timeout": self.patience, **fields}
        return self.llm_class(of=[OpenAILLM(**{"model": self.model, **own})], **shared)


class TestPool(GroupContract):
    llm_class = PoolLLM


class TestFallback(GroupContract):
    llm_class = FallbackLLM


del GroupContract, LLMContract
