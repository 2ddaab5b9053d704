"""What makes the rows of a run: the contract that every engine fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from seedbed.engine.engine_options import EngineOptions
from seedbed.engine.resume.checkpoint import Checkpoint
from seedbed.engine.segments.step_counts import StepTally
from seedbed.plugins.authoring.overrides import Wanted, guard, is_flag
from seedbed.plugins.authoring.signatures import Called, check_methods
from seedbed.plugins.fields.build import build

if TYPE_CHECKING:
    from seedbed.engine.outlets import Outlets
    from seedbed.engine.plan import Plan
    from seedbed.engine.run import Run
    from seedbed.llm.budget.budget import Budget
    from seedbed.store import RunStore

ENGINE_CONTRACT = 1
"""The number of the contract between Seedbed and engines; it's raised when an engine has to be changed."""

FEATURES = frozenset({"graph", "input", "resume", "caps"})
"""What an engine may lack."""


def _are_features(value: object) -> bool:
    return isinstance(value, frozenset) and value <= FEATURES


_CALLS: Mapping[str, Called] = {
    "make_rows": Called((), "async def make_rows(self):", "async"),
    "drain": Called((), "def drain(self):"),
    "cancel": Called((), "def cancel(self):"),
    "drained": Called((), "async def drained(self):", "async"),
}
_OVERRIDES: Mapping[str, Wanted] = {
    "is_ready": Wanted("True or False", "True", is_flag),
    "places": Wanted("True or False", "True", is_flag),
    "contract": Wanted("a whole number", str(ENGINE_CONTRACT), lambda value: type(value) is int),
    "lacks": Wanted(
        "a frozenset with some of graph, input, resume, caps", 'frozenset({"graph"})', _are_features
    ),
}


@dataclass(frozen=True)
class Job:
    """What an engine has to do, and where it writes.

        job.store.add_verdict(Verdict(job.plan.leaf, 0, "0", "accepted", "qa-pairs", "0", 0))
        job.decided({job.plan.leaf: 1}, [b'{"question": "..."}'])

    `plan` has been checked; its steps are copies that belong to the run, each task with its LLM. `run` has
    the counts, which the engine updates. `store` is open, and only this session writes it; it may have rows
    of earlier sessions. `fingerprints` has, for each step by name, a digest of everything that its rows
    depend on. With `retrying`, failed rows are made again. `outlets` get what `decided` is given. `steps`
    counts the rows of each step, for the display; an engine that doesn't count them leaves it empty.
    `checkpoint` is for the built-in engine.
    """

    plan: Plan
    run: Run
    store: RunStore
    fingerprints: Mapping[str, bytes]
    retrying: bool
    outlets: Outlets
    steps: StepTally = field(default_factory=StepTally)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)

    @property
    def is_full(self) -> bool:
        """Whether a program that iterates over the rows (`seedbed.stream`) is behind: start none meanwhile.

        Any number of rows may be reported all the same; they wait in memory.
        """
        return self.outlets.are_full

    def decided(self, counts: Mapping[str, int], rows: Sequence[bytes] = ()) -> None:
        """Report how many verdicts each leaf has so far; all of them have been added to the store.

        `rows` are the new rows of the dataset, as JSON. They leave the run, for standard output or observers,
        when they're durable. Call it on the loop's thread. Raises what writing earlier rows raised; the run
        is over then.
        """
        self.outlets.add(self.store.added, counts, rows)


class Engine(ABC):
    """Makes the rows of one session of a run; created with a `Job` on any thread, used on the loop's.

        class OneByOne(Engine):
            contract = 1

            async def make_rows(self) -> bool: ...
            def drain(self) -> None: ...
            def cancel(self) -> None: ...

        seedbed.run("qa-pairs", n=10, llm="openai/gpt-4.1-mini", engine=OneByOne)

    Before `make_rows`, the session is noted in the store. After it, the dataset is written from the accepted
    rows in the store, the outcome follows from the run's counts, and the store is closed. In between, an
    engine

    - loads the steps and unloads them;
    - adds results and verdicts to the store for each leaf of the pipeline, in the order of the rows;
    - counts `run.accepted` at the plan's leaf, and calls `run.fail` and `run.reject`;
    - calls `job.decided` as verdicts are added;
    - keeps within the plan's bounds, and doesn't ask again for an answer that the store has.

    What an engine can't do it names in `lacks`; a run that needs it is refused.

    `is_ready` is False while steps and models are being loaded; the display shows that. `options` has what
    the user set: an object of the class `Options`, which an engine with parameters replaces by its own.
    """

    Options: ClassVar[type[EngineOptions]] = EngineOptions
    """The parameters that users set with `--set engine.NAME=VALUE`."""

    options: EngineOptions

    is_ready = True

    contract: ClassVar[int] = ENGINE_CONTRACT
    """The engine contract that it was written for (`seedbed.ENGINE_CONTRACT`); another one refuses it."""

    lacks: ClassVar[frozenset[str]] = frozenset()
    """What the engine can't do; a run that needs it is refused before it begins.

    `graph`: anything but a source and steps in a line. `input`: rows of a file or of the caller. `resume`:
    going on with a run without buying its answers again. `caps`: keeping within what a run may cost and try,
    and making no rows that no step wants (`Step.rows_wanted`).
    """

    places: ClassVar[bool] = False
    """Whether it goes by the `resources` that steps and LLMs declare; a run on another one has a note."""

    budget: Budget | None = None
    """The caps of the run and what is spent of them, for the display."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # When the class is made, not in a run: a sync `make_rows` would fail after everything was set up.
        check_methods(cls, _CALLS)
        guard(cls, _OVERRIDES)

    def __init__(self, job: Job) -> None:
        self.job = job
        if not hasattr(self, "options"):
            self.options = self.Options()

    @classmethod
    def with_options(cls, **options: Any) -> ConfiguredEngine:
        """Return this engine with options, for `run(..., engine=...)`; raise ParameterError for unfit ones.

        seedbed.run("qa-pairs", n=10, engine=Cluster.with_options(workers=8))
        """
        return ConfiguredEngine(cls, build(cls.Options, options, f"the engine '{cls.__name__}'"))

    @abstractmethod
    async def make_rows(self) -> bool:
        """Make rows until there are enough, and return whether there are; False if it was interrupted.

        An exception ends the run: a StopRun, for example at a cap, or an error that every row would meet. In
        any case, everything that was loaded is unloaded when it returns.
        """

    @abstractmethod
    def drain(self) -> None:
        """Start nothing more, give what is in flight ten seconds to finish, and end."""

    @abstractmethod
    def cancel(self) -> None:
        """Cancel what is in flight, and end."""

    async def drained(self) -> None:
        """Return when everything that sends calls has heard of `drain` or `cancel`.

        That's at once, unless other processes send them. `EngineContract` counts calls from then on.
        """
        return


@dataclass(frozen=True)
class ConfiguredEngine:
    """An engine's class with its options, which makes the engine of a job."""

    cls: type[Engine]
    options: EngineOptions

    def __call__(self, job: Job) -> Engine:
        """Return the engine of a job."""
        engine = self.cls.__new__(self.cls)
        # Before `__init__`, which may look at them, and which takes only the job.
        engine.options = self.options
        engine.__init__(job)  # type: ignore[misc]
        return engine
