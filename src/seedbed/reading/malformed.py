"""The error for an answer from which nothing can be read."""

from __future__ import annotations

from seedbed.errors import InvalidOutputError
from seedbed.reading.refusals import is_refusal


def malformed(fact: str, answer: str, *advice: str) -> InvalidOutputError:
    """Return the error to raise: with `fact`, or saying that the answer is empty or a refusal."""
    if not answer.strip():
        return InvalidOutputError("the answer is empty", text=answer)
    if is_refusal(answer):
        beginning = " ".join(answer.split())[:60]
        return InvalidOutputError(f"the model refused: {beginning!r}", text=answer)
    return InvalidOutputError(fact, *advice, text=answer)
