"""Whether a task's prompts can be sent raw, without a chat template."""

from __future__ import annotations

from seedbed.errors import UnsupportedError, UsageError
from seedbed.llm.llm import LLM


def check_raw(task: str, system_prompt: str, llm: LLM) -> None:
    """Raise UsageError if the prompts of this task can't be sent raw, before anything is paid for."""
    if system_prompt:
        raise UsageError(
            f"task '{task}' has a system prompt, but a raw prompt can't hold one",
            "write it into the template, or leave raw_prompt out",
        )
    if not llm.capabilities.raw_prompt:
        raise UnsupportedError(
            f"'{llm.reference}' takes no raw prompts, but task '{task}' sets raw_prompt",
            "use a backend that declares 'raw_prompt', such as llamacpp or openai, or leave raw_prompt out",
        )
