"""The limits of a run, divided among its workers."""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.engine.workers.run_messages import Share


def shares_of(plan: Plan, workers: int) -> list[Share]:
    """Return the share of each worker; together they're the run's limits.

    There are at most as many workers as calls in flight: see `busy_workers`.
    """
    bounds = plan.bounds
    return [
        Share(
            None if plan.concurrency is None else _part(plan.concurrency, number, workers),
            None if bounds.requests_per_minute is None else bounds.requests_per_minute / workers,
            None if bounds.tokens_per_minute is None else bounds.tokens_per_minute / workers,
        )
        for number in range(workers)
    ]


def busy_workers(plan: Plan, workers: int) -> int:
    """Return how many of so many workers a run can use: at least one call in flight for each."""
    return workers if plan.concurrency is None or not plan.backends else min(workers, plan.concurrency)


def _part(whole: int, number: int, of: int) -> int:
    return whole // of + (number < whole % of)
