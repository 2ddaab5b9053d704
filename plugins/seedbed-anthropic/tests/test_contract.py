"""The backend keeps the contract of all backends, with schemas sent natively and in words."""

from __future__ import annotations

from seedbed.testing import AnthropicMessages, LLMContract
from seedbed_anthropic import AnthropicLLM


class TestMessages(LLMContract):
    llm_class = AnthropicLLM
    fields = {"structured_output": "native"}
    wire = AnthropicMessages()


class TestServerOfOnesOwn(LLMContract):
    llm_class = AnthropicLLM
    wire = AnthropicMessages()
