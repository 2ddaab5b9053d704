"""The check that a bad answer from the model harms its own row at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from seedbed.llm.response import Choice
from seedbed.testing.differences import lacking
from seedbed.testing.steps.scripts import Spoil
from seedbed.testing.steps.task_bench import TaskBench
from seedbed.testing.steps.trial import Trial


def check_spoilt(bench: TaskBench, good: Trial, spoil: Spoil, *, is_independent: Callable[[], bool]) -> None:
    """Fail the running test if a row whose answers are all spoilt harms more than itself.

    `good` is the trial with good answers. `is_independent` says whether rows depend on no other row; it takes
    a trial to find out, so it's called last.
    """
    script, trial = bench.spoilt(spoil, place=min(1, len(good.made) - 1))
    if script.spoilt is None:
        pytest.skip("the task makes only one row")
    assert not script.endless, (
        f"the row asked the model more than {bench.most_calls} times: give up after a number of tries"
    )
    assert trial.stopped_by is None, (
        f"the whole run stopped: raise InvalidOutputError or Reject instead\n{trial.reasons}"
    )
    assert not trial.untyped, (
        f"the failure is not an error of Seedbed: raise InvalidOutputError or Reject\n{trial.reasons}"
    )
    assert not trial.ended_early, f"the rows after it are lost: `process` raised\n{trial.reasons}"
    columns = bench.make().columns
    if not lacking(good.rows, columns):
        assert not lacking(trial.rows, columns), (
            "a row lacks columns of `outputs`: fill them, or raise Reject"
        )
    if bench.makes_rows_apart and is_independent():
        assert not trial.harmed(good, but=script.spoilt), f"other rows changed or failed too\n{trial.reasons}"


def half(good: Choice) -> Choice:
    """Return the first half of a good answer, as if it had been cut off at max_tokens."""
    text = good.text
    return replace(good, text=text and text[: len(text) // 2], finish_reason="length")
