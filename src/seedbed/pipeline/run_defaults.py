"""What a pipeline file says of its runs: used where the caller says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunDefaults:
    """How many rows, their seed and input, and what they may cost; None for what the file leaves open.

        Pipeline([task], defaults=RunDefaults(n=100, max_cost=2.0)).run(llm="openai/gpt-4.1-mini")

    `input` and `id` are what `seedbed.run` takes, and each of `outputs` has the fields of an `Output`.
    `max_cost` is in dollars, `max_seconds` in seconds. `stop_if` is an expression over the figures
    of a run's quality.
    """

    n: int | None = None
    seed: int | None = None
    input: Any = None
    id: str | Sequence[str] | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()
    max_cost: float | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    stop_if: str | None = None


NO_DEFAULTS = RunDefaults()
