"""Engines with one fault each, and the contract of each: the built-in one, but for the fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seedbed import Call, Job, Result, RunStore
from seedbed.engine.local import LocalEngine
from seedbed.engine.stopping.bounds import MaxFailures
from seedbed.errors import SeedbedError
from seedbed.store.run_values import TotalSpent
from seedbed.testing import EngineContract

FAULTS: dict[str, tuple[str, str]] = {}
"""The contract test that each faulty engine fails, and what is said then."""


def fails(test: str, said: str) -> Any:
    """Say which contract test an engine is to fail, and no other."""

    def mark(contract: type[EngineContract]) -> type[EngineContract]:
        FAULTS[contract.__name__.removeprefix("Test")] = (test, said)
        return contract

    return mark


class Store:
    """The store of a run as an engine sees it, for a subclass to change."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def on(store: type[Store], job: Job) -> Job:
    return replace(job, store=store(job.store))  # type: ignore[arg-type]


def with_bounds(job: Job, **bounds: Any) -> Job:
    return replace(job, plan=replace(job.plan, bounds=replace(job.plan.bounds, **bounds)))


def is_compared(job: Job) -> bool:
    """Whether the rows of a run are compared: a session stops each run whose rows are lost or doubled."""
    return job.store.folder.name == "made"


class Doubling(LocalEngine):
    """Decides the first row once more, at the end."""

    def is_due(self) -> bool:
        return True

    async def make_rows(self) -> bool:
        was_due = self.is_due()
        done = await super().make_rows()
        store, leaf = self.job.store, self.job.plan.leaf
        store.flush()
        verdicts = list(store.verdicts(leaf))
        if was_due and verdicts:
            store.add_verdict(verdicts[0]._replace(seq=len(verdicts)))
        return done


@fails("test_rows_are_those_of_the_built_in_engine", "the engine decided the row '0' 2 times")
class TestDoubling(EngineContract):
    class Engine(Doubling):
        def is_due(self) -> bool:
            return is_compared(self.job)

    engine = Engine


class Dropping(LocalEngine):
    """Forgets the last row."""

    async def make_rows(self) -> bool:
        done = await super().make_rows()
        store, leaf = self.job.store, self.job.plan.leaf
        store.flush()
        last = len(list(store.verdicts(leaf))) - 1
        # A whole run of it: one that is interrupted has lost its last rows anyway.
        if done and self.job.plan.n == last + 1:
            store.truncate_verdicts(leaf, last)
        return done


@fails("test_rows_are_those_of_the_built_in_engine", "the engine never decided the row '5'")
class TestDropping(EngineContract):
    class Engine(Dropping):
        async def make_rows(self) -> bool:
            if len(self.job.plan.steps) > 1 or not is_compared(self.job):
                return await LocalEngine.make_rows(self)
            return await super().make_rows()

    engine = Engine


class Swapping(LocalEngine):
    """Decides the first two rows in the order in which they came."""

    async def make_rows(self) -> bool:
        done = await super().make_rows()
        store, leaf = self.job.store, self.job.plan.leaf
        store.flush()
        first, second, *_ = [*store.verdicts(leaf), None, None]
        if first is not None and second is not None and done and not self.job.retrying:
            store.add_verdict(second._replace(seq=0))
            store.add_verdict(first._replace(seq=1))
        return done


@fails("test_rows_are_those_of_the_built_in_engine", "aren't in the order of the rows: number 0 is about '1'")
class TestSwapping(EngineContract):
    class Engine(Swapping):
        async def make_rows(self) -> bool:
            if self.job.store.has_calls():
                return await LocalEngine.make_rows(self)
            return await super().make_rows()

    engine = Engine


class Reasonless(Store):
    def add_result(self, result: Result) -> int:
        return self._store.add_result(result._replace(reasons=b"[]" if result.reasons else None))


@fails("test_missing_rows_have_their_reasons", "the engine gives for the missing row")
class TestLosesReasons(EngineContract):
    class Engine(LocalEngine):
        """Keeps no reason of a row that failed or was rejected."""

        def __init__(self, job: Job) -> None:
            super().__init__(on(Reasonless, job) if not job.retrying else job)

    engine = Engine


@fails("test_a_run_has_its_counts", "the engine leaves 0 in `run.failed`, and it is")
class TestLosesFailures(EngineContract):
    class Engine(LocalEngine):
        """Doesn't count what failed."""

        async def make_rows(self) -> bool:
            done = await super().make_rows()
            if self.job.run.stopped_by is None:
                self.job.run.failed = 0
            return done

    engine = Engine


@fails("test_a_changed_step_is_run_again", "though its step has changed since")
class TestKeepsOldRows(EngineContract):
    class Engine(LocalEngine):
        """Takes no notice of what rows depend on."""

        def __init__(self, job: Job) -> None:
            super().__init__(replace(job, fingerprints=dict.fromkeys(job.fingerprints, bytes(16))))

    engine = Engine


@fails("test_steps_are_unloaded", "and never unloaded it there")
class TestNeverUnloads(EngineContract):
    class Engine(LocalEngine):
        async def make_rows(self) -> bool:
            async def nothing() -> None: ...

            self._loaded.unload = nothing  # type: ignore[method-assign]
            return await super().make_rows()

    engine = Engine


@fails("test_an_error_of_all_rows_ends_the_run", "though the key is wrong for all")
class TestFailsEachRow(EngineContract):
    class Engine(LocalEngine):
        """Takes an error of all rows for one of a row."""

        async def make_rows(self) -> bool:
            try:
                return await super().make_rows()
            except SeedbedError as error:
                from seedbed import Failure, StopRun

                if isinstance(error, StopRun):
                    raise
                self.job.run.fail(Failure.of("0", self.job.plan.leaf, error))
                return True

    engine = Engine


@fails("test_draining_starts_nothing", "more calls after it was drained")
class TestIgnoresDrain(EngineContract):
    class Engine(LocalEngine):
        def drain(self) -> None: ...

        def cancel(self) -> None:
            LocalEngine.drain(self)
            self._cut_off()

    engine = Engine


@fails("test_draining_keeps_what_is_in_flight", "whose answer came after it was drained")
class TestCancelsAtOnce(EngineContract):
    class Engine(LocalEngine):
        def drain(self) -> None:
            LocalEngine.drain(self)
            # Not when the time is up, which ends a run in the same way.
            if self.budget is None:
                self._cut_off()

    engine = Engine


@fails("test_cancelling_ends_at_once", "and still waits for the answer to a call")
class TestWaitsForAnswers(EngineContract):
    class Engine(LocalEngine):
        def cancel(self) -> None:
            self.drain()

    engine = Engine


@fails("test_a_run_goes_on_where_it_was", "in its second session the engine decided the row '0' 2 times")
class TestDoublesWhatItHad(EngineContract):
    class Engine(Doubling):
        def is_due(self) -> bool:
            return self.job.store.has_calls() and len(self.job.plan.steps) > 1

    engine = Engine


class Forgetful(Store):
    """Has no answer of an earlier session."""

    def calls_of(self, step: str, row: str, attempt: int) -> dict[tuple[bytes, int], bytes]:
        return {}

    def answer_of(self, *key: Any) -> bytes | None:
        return None


@fails("test_no_answer_is_bought_again", "the engine bought the answer to")
class TestBuysAgain(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(on(Forgetful, job))

    engine = Engine


@fails("test_a_longer_run_buys_only_its_new_rows", "in the longer run the engine decided the row '0' 2 times")
class TestDoublesWhatItExtends(EngineContract):
    class Engine(Doubling):
        def is_due(self) -> bool:
            plan, store = self.job.plan, self.job.store
            return store.has_calls() and len(plan.steps) == 1 and plan.n == 6

    engine = Engine


@fails("test_a_retry_makes_the_failed_rows", "asked 1 times for the failed row")
class TestNeverRetries(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(replace(job, retrying=False))

    engine = Engine


@fails("test_a_cap_is_not_exceeded", "the engine spent 160 tokens")
class TestSpendsOn(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(with_bounds(job, max_tokens=None, max_cost=None))

    engine = Engine


class Unspent(Store):
    """Says that earlier sessions spent nothing."""

    def spent(self) -> TotalSpent:
        return self._store.spent()._replace(input_tokens=0, output_tokens=0, cost=0.0)


@fails("test_a_cap_is_over_all_sessions", "tokens in several sessions")
class TestForgetsItsExpenses(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(on(Unspent, job))

    engine = Engine


@fails("test_no_more_rows_are_tried_than_allowed", "and may try 6")
class TestTriesOn(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(with_bounds(job, max_attempts=None))

    engine = Engine


@fails("test_too_many_failures_stop_the_run", "the engine went on after 39 failed rows")
class TestFailsOn(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(with_bounds(job, max_failures=MaxFailures()))

    engine = Engine


@fails("test_a_run_stops_when_its_time_is_up", "went on for longer than `max_seconds`")
class TestTakesItsTime(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(with_bounds(job, max_seconds=None))

    engine = Engine


@fails("test_no_timer_outlives_a_run", "left a timer that is due long after the run")
class TestLeavesItsTimer(EngineContract):
    class Engine(LocalEngine):
        """Cancels no timer."""

        def _end(self) -> None:
            self._timers.clear()
            super()._end()

    engine = Engine


class Hesitant(Store):
    """Keeps answers back until the session ends."""

    def __init__(self, store: RunStore) -> None:
        super().__init__(store)
        self.held_back: list[Call] = []

    def add_call(self, call: Call) -> int:
        self.held_back.append(call)
        return self._store.added


@fails("test_a_run_that_is_killed_goes_on_where_it_was", "the engine has put 0 answers on disk, 1")
class TestKeepsAnswersBack(EngineContract):
    patience = 16.0

    class Engine(LocalEngine):
        """Puts answers on disk at the end, if it gets there."""

        def __init__(self, job: Job) -> None:
            super().__init__(on(Hesitant, job) if job.store.folder.name == "killed" else job)

        async def make_rows(self) -> bool:
            try:
                return await super().make_rows()
            finally:
                store: Any = self.job.store
                for call in store.held_back if isinstance(store, Hesitant) else ():
                    store._store.add_call(call)

    engine = Engine


class Mute(Job):
    """Tells observers nothing."""

    def decided(self, counts: Mapping[str, int], rows: Sequence[bytes] = ()) -> None:
        super().decided({}, rows)


@fails("test_observers_hear_of_each_row", "as observers hear it, the engine never decided the row '0'")
class TestTellsObserversNothing(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(Mute(**vars(job)))

    engine = Engine


class Stutters(Store):
    """Keeps each call twice."""

    def add_call(self, call: Call) -> int:
        self._store.add_call(call._replace(k=call.k + 7))
        return self._store.add_call(call)


@fails("test_observers_hear_of_each_call", "as observers hear of the calls, the engine decided the call")
class TestTellsOfCallsTwice(EngineContract):
    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(on(Stutters, job))

    engine = Engine


class Hoarding(Job):
    """Lets no row leave."""

    def decided(self, counts: Mapping[str, int], rows: Sequence[bytes] = ()) -> None:
        super().decided(counts)


@fails("test_rows_are_reported_while_others_are_made", "the engine let no row leave while another waited")
class TestLetsNoRowLeave(EngineContract):
    patience = 10.0

    class Engine(LocalEngine):
        def __init__(self, job: Job) -> None:
            super().__init__(Hoarding(**vars(job)))

    engine = Engine


@fails("test_the_key_is_nowhere", "the engine left the key of an LLM in the file")
class TestWritesTheKey(EngineContract):
    class Engine(LocalEngine):
        """Leaves the fields of its LLMs in a file, for its workers."""

        async def make_rows(self) -> bool:
            (self.job.store.folder / "workers.json").write_text(str(self.job.plan.secrets()))
            return await super().make_rows()

    engine = Engine


class TestBuiltIn(EngineContract):
    engine = LocalEngine
