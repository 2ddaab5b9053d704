"""The texts of several answers, or the error that says which of them are missing."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.errors import GenerationError, SeedbedError, StopRun, UsageError
from seedbed.llm.response import Response

Generations = list[list[str | None]]
"""For each input, in order, the texts of its generations; None if the model gave no text."""


def texts_of(answers: Sequence[Response | BaseException]) -> Generations:
    """Return the texts of the answers to several inputs.

    If some failed, it raises GenerationError, which has what succeeded; for a single input, its own error.
    Errors that affect all inputs, and errors that aren't ours, are raised unchanged.
    """
    errors: dict[int, SeedbedError] = {}
    for index, answer in enumerate(answers):
        if isinstance(answer, SeedbedError):
            errors[index] = answer
        elif isinstance(answer, BaseException):
            raise answer
    generations = [
        [choice.text for choice in answer.choices] if isinstance(answer, Response) else None
        for answer in answers
    ]
    if not errors:
        return [texts for texts in generations if texts is not None]
    first = next(iter(errors.values()))
    # The last two aren't about one input: a run that a cap stops must not look like a row that failed.
    if len(answers) == 1 or isinstance(first, UsageError | StopRun):
        raise first
    raise GenerationError(
        f"{len(errors)} of {len(answers)} inputs failed, the first with: {first}",
        "the error's `generations` has what succeeded, its `errors` what failed",
        generations=generations,
        errors=errors,
    ) from first
