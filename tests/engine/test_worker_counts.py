"""The counts that workers tell are those of the run, whichever there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

from seedbed import Usage
from seedbed.engine.workers.worker import _add_counts
from seedbed.llm.calling.call_counts import CallCounts


def filled(number: int) -> CallCounts:
    """Return counts of which none is what it is at first."""
    values: dict[str, Any] = {
        "step_seconds": {"write": float(number)},
        "ended_otherwise": Counter(odd=number),
        "cost": float(number),
        "usage": Usage(number, number, number, number),
    }
    return CallCounts(**{one.name: values.get(one.name, number) for one in fields(CallCounts)})


def test_every_count_of_a_worker_is_added_to_the_runs() -> None:
    total = CallCounts()

    _add_counts(total, CallCounts(), filled(2))
    _add_counts(total, filled(2), filled(5))
    _add_counts(total, CallCounts(), filled(1))

    assert total == filled(6)
