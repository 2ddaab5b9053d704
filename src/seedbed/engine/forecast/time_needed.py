"""How long a run would take: by the rates that limit it, and by the pace that it had before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from seedbed.engine.forecast.step_forecast import StepForecast
from seedbed.engine.stopping.bounds import Bounds

_MINUTE = 60.0


class TimeForecast(NamedTuple):
    """The seconds that a run would take; None if no call of it was timed yet.

    `at_least` is what the given rates per minute allow; None if none is given. `pace` is the number of calls
    that earlier sessions of the run made in a second.
    """

    seconds: float | None = None
    at_least: float | None = None
    pace: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return self._asdict()


def time_needed(steps: Sequence[StepForecast], bounds: Bounds, pace: float | None) -> TimeForecast:
    """Return how long the calls of all steps take, at the rates in the bounds and the pace so far."""
    if any(step.calls is None for step in steps):
        return TimeForecast(pace=pace)
    calls: dict[str, float] = defaultdict(float)
    tokens: dict[str, float] = defaultdict(float)
    for step in steps:
        # Limits hold for each endpoint, which several models of a server share; a pool has several.
        for endpoint in step.endpoints:
            calls[endpoint] += (step.calls or 0) / len(step.endpoints)
            tokens[endpoint] += ((step.input_tokens or 0) + (step.output_tokens or 0)) / len(step.endpoints)
    least = [
        most * _MINUTE / rate
        for most, rate in (
            (max(calls.values(), default=0), bounds.requests_per_minute),
            (max(tokens.values(), default=0), bounds.tokens_per_minute),
        )
        if rate is not None
    ]
    at_least = max(least, default=None)
    total = sum(step.calls or 0 for step in steps)
    seconds = 0.0 if not total else None if pace is None else max(total / pace, at_least or 0.0)
    return TimeForecast(seconds, at_least, pace)
