"""Names under which a run keeps what belongs to a step beside its results."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias, get_args

Beside: TypeAlias = Literal["admission", "calls", "lists", "places", "refused", "routes"]
"""What is kept so, in the table of results."""

_WORDS = frozenset(get_args(Beside))


def kept_beside(step: str, what: Beside) -> str:
    """Return the name under which a run keeps `what` belongs to a step, as if it were a step's result.

    kept_beside("jokes", "refused")  # "jokes refused"
    """
    return f"{step} {what}"


def step_beside(name: str, steps: Collection[str]) -> str | None:
    """Return the step of which a run keeps something under `name`; None if there's none among the steps."""
    step, _, what = name.rpartition(" ")
    return step if what in _WORDS and step in steps else None
