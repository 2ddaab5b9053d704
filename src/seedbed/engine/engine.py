"""What makes the rows of a run: the contract behind which another engine may stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.engine.segments.step_counts import StepTally
from seedbed.plugins.overrides import Wanted, guard, is_flag
from seedbed.plugins.signatures import Called, check_methods

if TYPE_CHECKING:
    from seedbed.engine.outlets import Outlets
    from seedbed.engine.plan import Plan
    from seedbed.engine.run import Run
    from seedbed.llm.budget.budget import Budget
    from seedbed.store import RunStore

_CALLS: Mapping[str, Called] = {
    "make_rows": Called((), "async def make_rows(self):", "async"),
    "drain": Called((), "def drain(self):"),
    "cancel": Called((), "def cancel(self):"),
}
_OVERRIDES: Mapping[str, Wanted] = {"is_ready": Wanted("True or False", "True", is_flag)}


@dataclass(frozen=True)
class Job:
    """What an engine is to do, and where it writes.

    `plan` has been checked; its steps are copies of the run's own, each task with its LLM. `run` has the
    counts, which the engine keeps. `store` is open, and nobody else's; it may have rows of earlier
    sessions. `fingerprints` are digests of all that decides what a step makes, by its name. With `retrying`
    rows that have failed are to be made again. `outlets` are behind `decided`. `steps` counts the rows of
    each step, for the display; an engine that does not count them leaves it empty.
    """

    plan: Plan
    run: Run
    store: RunStore
    fingerprints: Mapping[str, bytes]
    retrying: bool
    outlets: Outlets
    steps: StepTally = field(default_factory=StepTally)

    def decided(self, counts: Mapping[str, int], rows: Sequence[bytes] = ()) -> None:
        """Say how many verdicts the steps that the run ends in have by now, all of them in the store.

        `rows` are those that the dataset has got by them, as JSON. They leave the run, for standard output
        or observers, when they are durable. For the loop's thread. Raises what writing earlier rows has
        raised, and the run is over.
        """
        self.outlets.add(self.store.added, counts, rows)


class Engine(ABC):
    """Makes the rows of one session of a run; made with a `Job`, on any thread, and used on the loop's.

    Before `make_rows` the session has been noted in the store. Behind it the dataset is written from the
    accepted rows in the store, the outcome is found from the counts of the run, and the store is closed.
    Between, an engine

    - loads the steps and unloads them;
    - adds to the store, for each step that the run ends in, results and verdicts in the order of the rows;
    - counts `run.accepted` at the plan's leaf, and calls `run.fail` and `run.reject`;
    - calls `job.decided` as verdicts are added;
    - keeps within the bounds of the plan, and asks for no answer again that the store has. One that cannot
      says so where it is described.

    `is_ready` is False while steps and models are being loaded; the display asks.
    """

    is_ready = True

    budget: Budget | None = None
    """The caps of the run and what is spent of them, for the display."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_methods(cls, _CALLS)
        guard(cls, _OVERRIDES)

    def __init__(self, job: Job) -> None:
        self.job = job

    @abstractmethod
    async def make_rows(self) -> bool:
        """Make rows until there are enough, and return whether there are: False where it was cut short.

        What it raises ends the run: a StopRun such as a bound that is reached, or an error that every
        row would meet. Whatever happens, what it has loaded is unloaded when it returns.
        """

    @abstractmethod
    def drain(self) -> None:
        """Begin nothing more, let for ten seconds at most finish what is under way, and end."""

    @abstractmethod
    def cancel(self) -> None:
        """Break off what is under way, and end."""
