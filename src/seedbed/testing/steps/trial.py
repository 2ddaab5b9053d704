"""A run of a step by the engine, for a contract: its outcome, row by row."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import pytest

from seedbed.engine.failure import Failure
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.run import Run
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.session import Session
from seedbed.engine.stopping.bounds import Bounds
from seedbed.errors import SeedbedError
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row
from seedbed.testing.steps.scripts import Script


@dataclass(repr=False)
class Trial:
    """One session of a run.

    `rows` is the dataset. `made` has the rows of each item decided in this session. `calls` counts the
    answers it received. `stopped_by` is the error that ended it.
    """

    rows: list[Row] = field(default_factory=list)
    made: dict[str, list[Row]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    rejections: list[Failure] = field(default_factory=list)
    calls: int = 0
    interrupted: bool = False
    stopped_by: Exception | None = None

    @property
    def reasons(self) -> str:
        """Why rows are missing: one line per reason, with the number of rows and the first of them."""
        places: dict[tuple[str, str], list[str]] = {}
        for one in (*self.failures, *self.rejections):
            places.setdefault((one.kind, one.reason), []).append(one.place)
        lines = [f"{_places(rows)}: {kind}: {reason}" for (kind, reason), rows in places.items()]
        stopped = [f"the run stopped: {self.stopped_by}"] if self.stopped_by else []
        return "\n".join([*stopped, *lines])

    def of_kind(self, *kinds: str) -> list[Failure]:
        """Return the failures whose errors are of these classes."""
        return [failure for failure in self.failures if failure.kind in kinds]

    @property
    def untyped(self) -> list[Failure]:
        """The failures whose errors aren't Seedbed's, nor derived from Seedbed's."""
        return [failure for failure in self.failures if failure.kind not in _kinds(SeedbedError)]

    @property
    def ended_early(self) -> bool:
        """Whether a `process` raised, so that the rest of its rows is lost."""
        return any(failure.row == "source" for failure in self.failures)

    def harmed(self, good: Trial, but: str) -> list[str]:
        """Return the items other than `but` that failed, or differ from those of a good trial."""
        failed = [failure.row for failure in self.failures]
        changed = [item for item, rows in self.made.items() if rows and rows != good.made.get(item, rows)]
        return [item for item in failed + changed if item.partition("/")[0] != but]

    def take(self, settled: ItemOutcome, step: str) -> None:
        """Record the outcome of an item."""
        self.made[settled.id] = [in_flight.row() for in_flight in settled.rows(step)]
        self.failures += settled.failures
        self.rejections += settled.rejections


def attempt(
    step: BaseStep,
    script: Script | None = None,
    *,
    n: int | None,
    inputs: Sequence[Row] | None,
    patience: float,
    name: str | None = None,
    concurrency: int | None = None,
) -> Trial:
    """Run a step over `inputs`, or for `n` rows, and return the outcome, whatever it is.

    `script` gives the model's answers. With a `name`, the run of that name resumes. If the session takes
    longer than `patience` seconds, the running test fails.
    """
    trial = Trial()
    try:
        # Never give up: the contract needs the outcome of every row, even if the first ones fail alike.
        plan = make_plan(step, n=n, input=inputs, concurrency=concurrency, bounds=Bounds(give_up_after=0))
        engine = partial(LocalEngine, watch=lambda settled: trial.take(settled, step.name))
        session = open_session(plan, name=name, engine=engine)
        if script is not None:
            script.begin(session.cancel)
        run = executed(session, patience)
    except SeedbedError as error:
        trial.stopped_by = error
        return trial
    trial.rows = list(run.rows())
    trial.calls = run.calls.answered
    trial.interrupted = run.outcome == "interrupted"
    trial.stopped_by = run.stopped_by
    trial.failures += [failure for failure in run.failures if failure not in trial.failures]
    return trial


def executed(session: Session, patience: float) -> Run:
    """Execute in a thread that the test can abandon, and return the run: a test that hangs says nothing."""
    ended: Future[Run] = Future()
    threading.Thread(target=_settle, args=(ended, session), daemon=True).start()
    try:
        return ended.result(patience)
    except TimeoutError:
        session.cancel()
        pytest.fail(
            f"the run of '{session.plan.name}' has not ended in {patience:g} seconds: "
            "look for code that waits forever, or raise the fact `patience`"
        )


def _settle(ended: Future[Run], session: Session) -> None:
    try:
        ended.set_result(session.execute())
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        ended.set_exception(error)


def _places(rows: Sequence[str]) -> str:
    first, *others = dict.fromkeys(rows)
    return f"{len(others) + 1} rows, the first of them {first}" if others else first


def _kinds(error: type[Exception]) -> set[str]:
    """Return the names of an error class and of all classes that derive from it."""
    return {error.__name__}.union(*map(_kinds, error.__subclasses__()))
