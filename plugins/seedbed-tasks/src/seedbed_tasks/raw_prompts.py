"""Methods that need raw prompts, and the models that don't take any."""

from __future__ import annotations

from seedbed import LLM, UnsupportedError


def check_takes_raw(task: str, llm: LLM, why: str) -> None:
    """Raise UnsupportedError if the LLM takes no raw prompts; `why` says what the task does with them."""
    if not llm.capabilities.raw_prompt:
        raise UnsupportedError(
            f"'{llm.reference}' takes no raw prompts, but task '{task}' {why}",
            "use a backend that declares 'raw_prompt': llamacpp, or openai with vLLM, Ollama or LM Studio",
        )
