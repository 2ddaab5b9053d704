"""llama.cpp inside the process as a Seedbed backend and embedder, imported when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_llamacpp.embedder import LlamaCppEmbedder as LlamaCppEmbedder
    from seedbed_llamacpp.llm import LlamaCppLLM as LlamaCppLLM

__all__ = ["LlamaCppEmbedder", "LlamaCppLLM"]


@hookimpl
def seedbed_llm(name: str) -> type[LlamaCppLLM]:
    """Return the class of the backend `llamacpp`."""
    from seedbed_llamacpp.llm import LlamaCppLLM

    return LlamaCppLLM


@hookimpl
def seedbed_embedder(name: str) -> type[LlamaCppEmbedder]:
    """Return the class of the embedder `llamacpp`."""
    from seedbed_llamacpp.embedder import LlamaCppEmbedder

    return LlamaCppEmbedder


def __getattr__(name: str) -> object:
    if name == "LlamaCppLLM":
        from seedbed_llamacpp.llm import LlamaCppLLM

        return LlamaCppLLM
    if name == "LlamaCppEmbedder":
        from seedbed_llamacpp.embedder import LlamaCppEmbedder

        return LlamaCppEmbedder
    raise AttributeError(f"module 'seedbed_llamacpp' has no attribute {name!r}")
