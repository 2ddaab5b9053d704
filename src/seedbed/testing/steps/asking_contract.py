"""The contract of how a task asks its model: when it's asked to, as often each time, and off the loop."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import pytest

from seedbed.errors import ServerError
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.testing.plausible import plausible_answer
from seedbed.testing.steps.other_process import made_elsewhere
from seedbed.testing.steps.sampling_contract import SamplingContract
from seedbed.testing.steps.scripts import FailingScript
from seedbed.testing.steps.task_bench import LATENESS
from seedbed.testing.steps.trial import Trial


class Good(NamedTuple):
    """What a task made of good answers, whether a row asked without end, and the facts used."""

    trial: Trial
    endless: bool
    facts: tuple[object, ...]


class AskingContract(SamplingContract):
    """The calls of a task."""

    most_calls: ClassVar[int] = 50
    _good: ClassVar[Good | None] = None

    def answer(self, request: Request) -> str | Response:
        """Return the model's answer, as a text or a Response; it must depend on the request alone."""
        return plausible_answer(request)

    def test_it_asks_nobody_before_rows_are_wanted(self) -> None:
        """Making and loading a task calls no model: looking at a task or checking it must cost nothing.

        PackageContract tests that importing the task calls no model either.
        """
        script = self.bench.script()
        task = self.bench.make(script)
        task.load()
        task.unload()
        assert script.count == 0, "the model was asked before any row was wanted: ask it in `generate_row`"

    def test_a_new_task_asks_again(self) -> None:
        """A second run of a new task asks as much as the first: no answer is kept in the class or its module.

        A run keeps its answers itself. Those of another run belong to other rows, or to another model.
        """
        self._good_trial()
        self._skip_unless_deterministic()
        # The first run of that process: in this one, other tests have run the task.
        first, again = made_elsewhere(self, "calls"), self.calls()
        # Not equality: a task that runs code may replace a row where the machine is slow.
        assert 2 * again > first or not first, (
            f"a first run asks {first} times, a later one {again}: keep answers on `self`, or nowhere"
        )

    def test_failed_calls_make_no_row(self) -> None:
        """If every call fails, there are no rows: catch only the errors that you can make a row without.

        A plain `except Exception` makes rows of a server's faults, and a dataset of them is complete.
        """
        self._good_trial()
        script = FailingScript(self.answer, self.most_calls)
        try:
            rows = self.bench.run(script).rows
        except ServerError:
            # It asks when it's made: see test_it_asks_nobody_before_rows_are_wanted.
            rows = []
        if not script.count:
            pytest.skip("the task asks no model, or no more: see test_a_new_task_asks_again")
        assert not rows, f"the server answered no call, and a row was made: {rows[0]}"

    def test_the_loop_goes_on_while_a_row_is_made(self) -> None:
        """Rows never block the event loop that all calls share: blocking code runs in a thread.

        Every other row and call waits meanwhile.
        """
        self._good_trial()
        # The least of some: code that blocks does so every time, a pause of the machine comes by chance.
        lateness = LATENESS
        for _ in range(3):
            lateness = min(lateness, self.bench.lateness())
            if lateness < LATENESS:
                return
        pytest.fail("a row blocked the loop for 0.1 s or more: await, or call asyncio.to_thread")

    def calls(self) -> int:
        """Return how often a run of a new task asks its model."""
        return self.bench.run(concurrency=1).calls

    def _made_well(self) -> Good:
        """Return what good answers come to: made once for all tests of a class, which only read it."""
        bench = self.bench
        facts = (bench.step, bench.parameters, bench.given, bench.rows, bench.most_calls)
        kept: Good | None = vars(type(self)).get("_good")
        # By identity: a fact that's made for each test, of its folder say, may have become another one.
        if kept is None or any(one is not other for one, other in zip(kept.facts, facts, strict=True)):
            script = bench.script()
            trial = bench.run(script, concurrency=1)
            type(self)._good = kept = Good(trial, script.endless, facts)
        return kept

    def _good_trial(self) -> Trial:
        """Return the trial with good answers; skip the running test if it makes no row."""
        trial, endless, _ = self._made_well()
        if endless or not trial.rows:
            pytest.skip("no row is made: see test_rows_are_made and test_rows_are_json")
        return trial
