"""The counts that workers tell are those of the run, whichever there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

from seedbed import Usage
from seedbed.engine.workers.worker_handle import _add_counts
from seedbed.llm.calling.call_counts import CallCounts, Unanswered


def filled(number: int) -> CallCounts:
    """Return counts of which none is what it is at first."""
    values: dict[str, Any] = {
        "step_seconds": {"write": float(number)},
        "truncated_steps": Counter(write=number),
        "ended_otherwise": Counter(odd=number),
        "cost": float(number),
        "usage": Usage(number, number, number, number),
        # It's no sum: see below.
        "unanswered": None,
    }
    return CallCounts(**{one.name: values.get(one.name, number) for one in fields(CallCounts)})


def test_every_count_of_a_worker_is_added_to_the_runs() -> None:
    total = CallCounts()

    _add_counts(total, CallCounts(), filled(2))
    _add_counts(total, filled(2), filled(5))
    _add_counts(total, CallCounts(), filled(1))

    assert total == filled(6)


def test_tries_that_failed_since_the_last_answer_are_those_of_all_workers() -> None:
    total = CallCounts()
    nothing, failing = CallCounts(), CallCounts(unanswered=Unanswered(2, 1e9, "no server"))
    more = CallCounts(unanswered=Unanswered(5, 1e9, "still none"))

    _add_counts(total, nothing, failing)
    _add_counts(total, nothing, failing)
    _add_counts(total, failing, more)
    assert total.unanswered is not None
    assert (total.unanswered.tries, total.unanswered.fact) == (2 + 2 + 3, "still none")
    assert total.unanswered.since < 1e9

    answered = CallCounts(answered=1, unanswered=Unanswered(1, 1e9, "again"))
    _add_counts(total, more, answered)
    assert total.unanswered.tries == 1
    _add_counts(total, answered, CallCounts(answered=2))
    assert total.unanswered is None
