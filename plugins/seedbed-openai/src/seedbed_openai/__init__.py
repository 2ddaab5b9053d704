"""OpenAI, and every server that speaks its protocol, as the Seedbed backend and embedder `openai`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_openai.embedder import OpenAIEmbedder as OpenAIEmbedder
    from seedbed_openai.llm import OpenAILLM as OpenAILLM

__all__ = ["OpenAIEmbedder", "OpenAILLM"]


@hookimpl
def seedbed_llm(name: str) -> type[OpenAILLM]:
    """Return the class of the backend `openai`."""
    from seedbed_openai.llm import OpenAILLM

    return OpenAILLM


@hookimpl
def seedbed_embedder(name: str) -> type[OpenAIEmbedder]:
    """Return the class of the embedder `openai`."""
    from seedbed_openai.embedder import OpenAIEmbedder

    return OpenAIEmbedder


def __getattr__(name: str) -> Any:
    if name == "OpenAILLM":
        from seedbed_openai.llm import OpenAILLM

        return OpenAILLM
    if name == "OpenAIEmbedder":
        from seedbed_openai.embedder import OpenAIEmbedder

        return OpenAIEmbedder
    raise AttributeError(f"module 'seedbed_openai' has no attribute {name!r}")
