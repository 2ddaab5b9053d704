"""Anthropic Messages as a Seedbed LLM backend, registered as `anthropic`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed import LLM
    from seedbed_anthropic.llm import AnthropicLLM as AnthropicLLM

__all__ = ["AnthropicLLM"]


@hookimpl
def seedbed_llm(name: str) -> type[LLM]:
    """Return the backend's class."""
    from seedbed_anthropic.llm import AnthropicLLM

    return AnthropicLLM


def __getattr__(name: str) -> Any:
    if name != "AnthropicLLM":
        raise AttributeError(f"module 'seedbed_anthropic' has no attribute {name!r}")
    from seedbed_anthropic.llm import AnthropicLLM

    return AnthropicLLM
