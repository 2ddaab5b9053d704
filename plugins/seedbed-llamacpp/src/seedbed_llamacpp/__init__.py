"""llama.cpp inside the process as a Seedbed backend; its class is imported when it's needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_llamacpp.llm import LlamaCppLLM as LlamaCppLLM

__all__ = ["LlamaCppLLM"]


@hookimpl
def seedbed_llm(name: str) -> type[LlamaCppLLM]:
    """Return the class of the backend `llamacpp`."""
    from seedbed_llamacpp.llm import LlamaCppLLM

    return LlamaCppLLM


def __getattr__(name: str) -> object:
    if name == "LlamaCppLLM":
        from seedbed_llamacpp.llm import LlamaCppLLM

        return LlamaCppLLM
    raise AttributeError(f"module 'seedbed_llamacpp' has no attribute {name!r}")
