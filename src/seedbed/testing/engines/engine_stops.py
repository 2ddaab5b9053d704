"""The contract of an engine, part two: it ends when it's asked to, and goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from seedbed.testing.engines.engine_bench import (
    EngineBench,
    EngineMaker,
    EngineTrial,
    Way,
    made_of_step,
    stopped,
)
from seedbed.testing.engines.engine_facts import EngineFacts, Trials, difference_of_rows
from seedbed.testing.engines.engine_plans import Ask, Numbered, Talk
from seedbed.testing.engines.model_server import ModelServer

_ROWS = 24
_AT_ONCE = 3
_ANSWERS = 5
_CANCEL_SECONDS, _MOMENT = 8.0, 0.1
"""Less than the ten seconds that calls in flight have after `drain`.

They're waited for in moments: where the machine itself stands still, only one of them passes.
"""


class GoneOn(NamedTuple):
    """What the second session of a run came to, what was answered before it, and what was in both."""

    made: EngineTrial
    had: list[str]
    answered: list[str]


class Interrupted:
    """Runs that were interrupted and run again, each once for all tests of a class."""

    def __init__(self, engine: EngineMaker, patience: float) -> None:
        self._engine = engine
        self._patience = patience
        self._made: dict[Way, GoneOn] = {}

    def gone_on(self, way: Way) -> GoneOn:
        """Return what came of the run that was interrupted in a way, with several calls for each row."""
        if way not in self._made:
            with ModelServer(patience=self._patience) as server:
                bench = EngineBench(self._engine, server.llm(), self._patience)
                had = _interrupt(way, bench, server)
                made = bench.attempt(Talk() >> Ask(), "interrupted", n=4)
                self._made[way] = GoneOn(made, had, [*server.answered])
        return self._made[way]


class EngineStopContract(EngineFacts):
    """An engine is drained by the first Ctrl-C, and cancelled by the second."""

    @pytest.fixture(scope="class")
    @classmethod
    def interrupted(cls) -> Interrupted:
        """Runs that were interrupted and run again, for tests that only read what came of them."""
        return Interrupted(cls().new_engine, cls.patience)

    def test_draining_starts_nothing(self, bench: EngineBench, server: ModelServer) -> None:
        """After `drain`, no more calls are sent than were in flight; the run is interrupted, not failed."""
        server.hold_from(4)
        session = bench.session(Numbered(), "drained", n=_ROWS, concurrency=_AT_ONCE)
        with bench.begun(session) as wait:
            server.wait_until_held()
            before = len(server.asked)
            stopped(session, "drain")
            server.release()
            run = wait()
        assert run is not None
        # What was on its way to the server when the engine was told may still arrive.
        started = len(server.asked) - before
        assert started <= _AT_ONCE, f"the engine sent {started} more calls after it was drained"
        assert run.outcome == "interrupted", (
            f"the engine was drained, and the run is {run.outcome}: return False from `make_rows`"
        )
        assert not run.failed, f"the engine failed {run.failed} rows that it was only drained of"

    def test_draining_keeps_what_is_in_flight(self, bench: EngineBench, server: ModelServer) -> None:
        """What is made of answers that come within ten seconds after `drain` is kept: they're paid for.

        It's in the store as the result of its row, even if rows before it are missing yet.
        """
        server.hold_from(4)
        session = bench.session(Numbered(), "drained", n=_ROWS, concurrency=_AT_ONCE)
        with bench.begun(session) as wait:
            server.wait_until_held()
            stopped(session, "drain")
            server.release()
            wait()
        kept = made_of_step("drained", "numbered")
        # Also those that the engine hung up on before they were answered.
        lost = [prompt for prompt in server.asked if prompt not in kept]
        assert not lost, f"the engine dropped the row of {lost[0]!r}, whose answer came after it was drained"

    def test_cancelling_ends_at_once(self, bench: EngineBench, server: ModelServer) -> None:
        """After `cancel`, the run ends without the answers in flight, and keeps the rows before them."""
        server.hold_from(4)
        session = bench.session(Numbered(), "cancelled", n=_ROWS, concurrency=1)
        with bench.begun(session) as wait:
            server.wait_until_held()
            stopped(session, "cancel")
            ended = (wait(_MOMENT) for _ in range(round(_CANCEL_SECONDS / _MOMENT)))
            run = next((one for one in ended if one is not None), None)
        assert run is not None, "the engine was cancelled, and still waits for the answer to a call"
        assert run.outcome == "interrupted", (
            f"the engine was cancelled, and the run is {run.outcome}: return False from `make_rows`"
        )
        assert not run.failed, f"the engine failed {run.failed} rows whose calls were only cancelled"

    @pytest.mark.parametrize("way", ["drain", "cancel"])
    def test_a_run_goes_on_where_it_was(
        self, way: Way, interrupted: Interrupted, built_in: Trials, tmp_path: Path
    ) -> None:
        """A run that was drained or cancelled ends with the rows of one session when it's run again."""
        self.needs("resume")
        made = interrupted.gone_on(way).made
        difference = difference_of_rows(built_in.trial("several calls for each row", tmp_path), made)
        assert not difference, f"in its second session {difference}"

    @pytest.mark.parametrize("way", ["drain", "cancel"])
    def test_no_answer_is_bought_again(self, way: Way, interrupted: Interrupted) -> None:
        """What a model has answered isn't asked again in the next session, even if its row isn't finished."""
        self.needs("resume")
        _, had, answered = interrupted.gone_on(way)
        again = [prompt for prompt in had if answered.count(prompt) > 1]
        assert not again, f"the engine bought the answer to {again[0]!r} again, which the run had"

    def test_a_longer_run_buys_only_its_new_rows(
        self, bench: EngineBench, built_in: Trials, server: ModelServer, tmp_path: Path
    ) -> None:
        """With a larger n, the run that's there is continued: only further rows are made."""
        self.needs("resume")
        bench.attempt(Numbered(), "longer", n=3)
        made = bench.attempt(Numbered(), "longer", n=6)
        assert not server.repeated, f"the engine bought the answer to {server.repeated[0]!r} again"
        difference = difference_of_rows(built_in.trial("a generator", tmp_path), made)
        assert not difference, f"in the longer run {difference}"

    def test_a_retry_makes_the_failed_rows(self, bench: EngineBench, server: ModelServer) -> None:
        """With `job.retrying`, failed rows are made again, and only these."""
        self.needs("resume")
        what = Numbered(fates={1: "overlong"})
        bench.attempt(what, "retried", n=3)
        bench.attempt(what, "retried", n=3, retry=True)
        asked = server.asked.count("overlong 1")
        assert asked == 2, f"the engine asked {asked} times for the failed row, and should ask once more"
        assert not server.repeated, f"the engine bought the answer to {server.repeated[0]!r} again"


def _interrupt(way: Way, bench: EngineBench, server: ModelServer) -> list[str]:
    """Interrupt a run of rows with several calls each after five answers, and return their prompts."""
    server.hold_from(_ANSWERS)
    session = bench.session(Talk() >> Ask(), "interrupted", n=4, concurrency=1)
    with bench.begun(session) as wait:
        server.wait_until_held()
        stopped(session, way)
        if way == "drain":
            server.release()
        wait()
    server.release()
    return server.answered[:_ANSWERS]
