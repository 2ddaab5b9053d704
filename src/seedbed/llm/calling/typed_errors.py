"""The typed error for whatever a backend raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed.errors import LLMError, SeedbedError, TimedOutError
from seedbed.llm.keys.redaction import redact_error, redact_message, showable
from seedbed.plugins.authoring.class_errors import text_of
from seedbed.tracebacks import where

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend


def typed_error(llm: Backend, error: Exception, *, is_over: bool) -> SeedbedError:
    """Return the typed error, without any secret, for what a try raised; its cause is set.

    `is_over` says that the time of the call has run out.

    This is where any exception of a backend ends up, so this is where secrets are removed: an HTTP library
    may quote a URL with its key.
    """
    if isinstance(error, SeedbedError):
        redact_error(error, llm.secrets())
        return error
    secrets = llm.secrets()
    failure: SeedbedError
    place = where(error)
    raised = [f"raised in {place}"] if place else []
    # Not ours, so "raise the timeout" would be the wrong advice.
    if isinstance(error, TimeoutError) and not is_over:
        failure = TimedOutError(f"no answer from '{llm.reference}': its own code has timed out", *raised)
        failure.__cause__ = showable(error, secrets)
        return failure
    if isinstance(error, TimeoutError):
        how = (
            f": --set llm.timeout={2 * llm.timeout:g} (timeout={2 * llm.timeout:g} in Python)"
            if llm._noun == "LLM"
            else ""
        )
        failure = TimedOutError(
            f"no answer from '{llm.reference}' within {llm.timeout:g} s",
            f"raise the {llm._noun}'s timeout{how}",
        )
        failure.__cause__ = showable(error, secrets)
        return failure
    text = redact_message(f"{type(error).__name__}: {text_of(error)}", secrets)
    failure = LLMError(f"the backend of '{llm.reference}' failed: {text}", *raised)
    failure.__cause__ = showable(error, secrets)
    return failure
