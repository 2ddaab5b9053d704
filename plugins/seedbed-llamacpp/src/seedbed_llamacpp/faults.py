"""From what llama.cpp reports to the typed error that it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seedbed import BadRequestError, ContextOverflowError, LLMError, ServerError

# llama.cpp puts this before whatever was wrong with a schema.
_NOISE = "Unable to generate parser for this template. Automatic parser generation failed: "

_TOO_LONG = re.compile(r"input \((\d+) tokens\) is too large to process.*current batch size: (\d+)")


def error_of_report(report: Any) -> LLMError:
    """Return the error for an `{"error": {...}}` object of llama.cpp."""
    if not isinstance(report, Mapping):
        return ServerError(f"llama.cpp failed: {report}", retryable=False)
    message = str(report.get("message") or "no reason given")
    code = report.get("code")
    status = code if isinstance(code, int) else None
    if report.get("type") == "exceed_context_size_error":
        return ContextOverflowError(
            f"the prompt has {report.get('n_prompt_tokens')} tokens, "
            f"which don't fit into the {report.get('n_ctx')} of a row",
            "raise the LLM's parameter 'context', or shorten the prompt",
            status=status,
        )
    if found := _TOO_LONG.match(message):
        return ContextOverflowError(
            f"a text has {found[1]} tokens, more than the {found[2]} that can be embedded at once",
            "raise the embedder's parameter 'context', or cut the text with the step `chunk`",
            status=status,
        )
    if status is not None and 400 <= status < 500:
        return _refused(message, status)
    return ServerError(f"llama.cpp failed: {message}", status=status)


def error_of_exception(error: Exception) -> LLMError:
    """Return the error for what a call into llama.cpp raised: a refused request, or a failure."""
    if isinstance(error, ValueError | TypeError):
        return _refused(str(error).removeprefix(_NOISE), None)
    return ServerError(f"llama.cpp failed: {error}", retryable=False)


def _refused(message: str, status: int | None) -> BadRequestError:
    advice = (
        ("the schema, or a grammar in 'extra', is too complex for llama.cpp: make it simpler",)
        if "grammar" in message or "schema" in message
        else ()
    )
    return BadRequestError(f"llama.cpp refused the request: {message}", *advice, status=status)
