"""The kit's scripted backend, as the project's own tests use it: with a function, or one text for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seedbed import Capabilities, Gateway, Request, RetryPolicy
from seedbed.testing import ScriptedLLM

__all__ = ["ALL", "IMPATIENT", "ScriptedLLM", "impatient", "prompt", "scripted", "user"]

ALL = Capabilities(structured_output=True, tools=True, logprobs=True, images=True, seed=True, n=True)
IMPATIENT = RetryPolicy(tries=3, first_wait=0.001, longest_wait=0.001)


def scripted(answer: Callable[[Request], Any] | str = "yes", **fields: Any) -> ScriptedLLM:
    """Return an LLM that answers with `answer`, a text or a function of the request."""
    return ScriptedLLM((lambda _: answer) if isinstance(answer, str) else answer, **fields)


def impatient(llm: ScriptedLLM, **options: Any) -> ScriptedLLM:
    """Return the LLM behind a gateway of its own that tries three times and hardly waits."""
    return llm.bound(Gateway(**{"retry": IMPATIENT, **options}), None)


def user(text: str) -> list[dict[str, Any]]:
    """Return a conversation of one user message."""
    return [{"role": "user", "content": text}]


def prompt(request: Request) -> str:
    """Return the text of the last message of a request."""
    text: str = request.messages[-1]["content"]
    return text
