"""OpenAI, and every server that speaks its protocol, as the Seedbed backend `openai`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_openai.llm import OpenAILLM as OpenAILLM

__all__ = ["OpenAILLM"]


@hookimpl
def seedbed_llm(name: str) -> type[OpenAILLM]:
    """Return the class of the backend `openai`."""
    from seedbed_openai.llm import OpenAILLM

    return OpenAILLM


def __getattr__(name: str) -> Any:
    if name in __all__:
        from seedbed_openai import llm

        return getattr(llm, name)
    raise AttributeError(f"module 'seedbed_openai' has no attribute {name!r}")
