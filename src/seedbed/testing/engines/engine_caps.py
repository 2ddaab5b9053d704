"""The contract of an engine, part three: what a run may cost and try is never exceeded."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

import pytest

from seedbed.engine.stopping.bounds import Bounds, MaxFailures
from seedbed.errors import BudgetExhaustedError, StopRun
from seedbed.llm.calling.loop import loop_thread
from seedbed.testing.engines.engine_bench import EngineBench
from seedbed.testing.engines.engine_facts import EngineFacts
from seedbed.testing.engines.engine_plans import Numbered
from seedbed.testing.engines.model_server import ModelServer

_ROWS = 40
_TOKENS = 120
_PRICE = 1000.0
"""Dollars per million tokens: a tenth of a cent each."""
_CAPS: Mapping[str, Mapping[str, Any]] = {
    "max_tokens": {"max_tokens": _TOKENS},
    "max_cost": {"max_cost": _TOKENS * _PRICE / 1e6, "price_input": _PRICE, "price_output": _PRICE},
}

_SECONDS = 0.3
_LONG = 36_000.0
"""Seconds; no other timer of a test is due in ten hours."""


class EngineCapContract(EngineFacts):
    """An engine keeps within the bounds of the plan, whatever its rows are spread over."""

    @pytest.mark.parametrize("cap", _CAPS)
    def test_a_cap_is_not_exceeded(self, cap: str, bench: EngineBench, server: ModelServer) -> None:
        """The run stops before it spends more tokens or dollars than it may, and keeps its rows.

        The most that a call may cost is reserved before it's sent, over all processes.
        """
        self.needs("caps")
        run = bench.attempt(Numbered(), "capped", n=_ROWS, bounds=Bounds(**_CAPS[cap])).run
        assert server.tokens <= _TOKENS, (
            f"the engine spent {server.tokens} tokens, and `{cap}` allows {_TOKENS}"
        )
        assert isinstance(run.stopped_by, BudgetExhaustedError), (
            f"the engine reached `{cap}`, and ended the run with {run.stopped_by!r}"
        )
        assert run.accepted, "the engine made no row, though the cap has room for some"

    @pytest.mark.parametrize("cap", _CAPS)
    def test_a_cap_is_over_all_sessions(self, cap: str, bench: EngineBench, server: ModelServer) -> None:
        """What earlier sessions spent counts: a capped run that is run again spends no more."""
        self.needs("caps", "resume")
        bounds = Bounds(**_CAPS[cap])
        bench.attempt(Numbered(), "capped", n=_ROWS, bounds=bounds)
        if server.tokens > _TOKENS:
            pytest.skip("the cap isn't kept at all: see test_a_cap_is_not_exceeded")
        bench.attempt(Numbered(), "capped", n=_ROWS, bounds=bounds)
        assert server.tokens <= _TOKENS, (
            f"the engine spent {server.tokens} tokens in several sessions, and `{cap}` allows {_TOKENS}"
        )

    def test_a_run_stops_when_its_time_is_up(self, bench: EngineBench, server: ModelServer) -> None:
        """With `max_seconds`, the run stops then; with more time, it goes on where it was."""
        self.needs("caps")
        server.hold_from(4)
        bounds = Bounds(max_seconds=_SECONDS, give_up_after=0)
        with bench.begun(bench.session(Numbered(), "timed", n=_ROWS, concurrency=2, bounds=bounds)) as wait:
            # The time counts from the session on, so by then it's up.
            wait(_SECONDS)
            server.release()
            run = wait()
        assert run is not None
        assert isinstance(run.stopped_by, BudgetExhaustedError), (
            f"the engine went on for longer than `max_seconds`, and ended the run with {run.stopped_by!r}"
        )
        self.needs("resume")
        made = bench.attempt(Numbered(), "timed", n=_ROWS)
        assert len(made.accepted) == _ROWS, (
            f"the engine made {len(made.accepted)} of {_ROWS} rows when it had more time"
        )
        assert not server.repeated, f"the engine bought the answer to {server.repeated[0]!r} again"

    def test_no_timer_outlives_a_run(self, bench: EngineBench) -> None:
        """A run that had time left leaves no timer in this process, which would keep it in memory."""
        self.needs("caps")
        # Those of other tests, whose engines may be at fault in another way.
        before = {id(one) for one in _timers_after(_LONG / 2)}
        kept = bench.attempt(Numbered(), "timed", n=3, bounds=Bounds(max_seconds=_LONG, give_up_after=0))
        left = [one for one in _timers_after(_LONG / 2) if id(one) not in before]
        assert not left, f"the engine left a timer that is due long after the run: {left[0]}"
        assert kept.run.outcome == "complete", f"the engine had time left, and the run is {kept.run.outcome}"

    def test_no_more_rows_are_tried_than_allowed(self, bench: EngineBench, server: ModelServer) -> None:
        """With `max_attempts`, the run ends after so many indices, even if rows are missing."""
        self.needs("caps")
        rejected = dict.fromkeys(range(1, 100), "rejected")
        run = bench.attempt(Numbered(fates=rejected), "tried", n=4, bounds=Bounds(max_attempts=6)).run
        assert len(server.asked) <= 6, f"the engine tried {len(server.asked)} rows, and may try 6"
        assert run.outcome == "incomplete", f"the engine tried all it may, and the run is {run.outcome}"

    def test_too_many_failures_stop_the_run(self, bench: EngineBench, server: ModelServer) -> None:
        """With `max_failures`, the run stops once more rows have failed than that."""
        self.needs("caps")
        broken = dict.fromkeys(range(1, 100), "broken")
        bounds = Bounds(max_failures=MaxFailures(count=3), give_up_after=0)
        run = bench.attempt(Numbered(fates=broken), "failing", n=_ROWS, concurrency=1, bounds=bounds).run
        assert isinstance(run.stopped_by, StopRun), (
            f"the engine went on after {run.failed} failed rows, and 3 are allowed"
        )


def _timers_after(seconds: float) -> list[asyncio.TimerHandle]:
    """Return the timers of event loops that are due only in so many seconds."""
    # Found in memory, since uvloop doesn't tell which timers it has; one that is left is never freed.
    gc.collect()
    timers = [one for one in gc.get_objects() if type(one).__name__ == "TimerHandle"]
    due = loop_thread().loop.time() + seconds
    return [one for one in timers if not one.cancelled() and one.when() > due]
