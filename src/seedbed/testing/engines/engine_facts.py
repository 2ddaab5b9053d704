"""What a contract of engines is given: the engine, a model on a server, and a folder for runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from seedbed.engine.engine import Engine, Job
from seedbed.engine.engine_kind import ENGINES
from seedbed.engine.local import LocalEngine
from seedbed.engine.observing.named import VARIABLE as NAMED_OBSERVERS
from seedbed.plugins.class_references import class_named
from seedbed.store.run_folders import VARIABLE
from seedbed.testing.contract import Contract, fact
from seedbed.testing.engines.engine_bench import EngineBench, EngineTrial, row_difference
from seedbed.testing.engines.engine_plans import PLANS
from seedbed.testing.engines.model_server import ModelServer


class Trials:
    """What an engine makes of each plan, made once for all tests of a class."""

    def __init__(self, bench: EngineBench, name: str) -> None:
        self._bench = bench
        self._name = name
        self._made: dict[str, EngineTrial] = {}

    def trial(self, plan: str, folder: Path) -> EngineTrial:
        """Return what it makes of a plan, whose files may be in a folder."""
        if plan not in self._made:
            what, options = PLANS[plan].make(folder)
            self._made[plan] = self._bench.attempt(what, self._name, **options)
        return self._made[plan]


class EngineFacts(Contract):
    """The facts of an engine, and the runs that its contract compares."""

    subject: ClassVar[str] = "the engine"

    engine: ClassVar[str | type[Engine]] = fact(
        "the engine, by the name that it is registered under, or its class", 'engine = "cluster"'
    )
    patience: ClassVar[float] = 60.0
    """Seconds after which a run counts as hanging."""

    def engine_class(self) -> type[Engine]:
        """Return the class of the engine."""
        return class_named(ENGINES, self.engine) if isinstance(self.engine, str) else self.engine

    def new_engine(self, job: Job) -> Engine:
        """Return a new engine for a job; override this if yours needs options."""
        return self.engine_class()(job)

    @pytest.fixture(autouse=True)
    def _runs_of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, str(tmp_path / "runs"))
        monkeypatch.setenv(NAMED_OBSERVERS, "")

    @pytest.fixture
    def server(self) -> Iterator[ModelServer]:
        """A server with the model that the tasks ask."""
        with ModelServer(patience=self.patience) as server:
            yield server

    @pytest.fixture
    def bench(self, server: ModelServer) -> EngineBench:
        """Runs plans with the engine."""
        return EngineBench(self.new_engine, server.llm(), self.patience)

    @pytest.fixture(scope="class")
    @classmethod
    def built_in(cls) -> Iterator[Trials]:
        """What the built-in engine makes of the plans; it asks a server of its own."""
        with ModelServer(patience=cls.patience) as server:
            yield Trials(EngineBench(LocalEngine, server.llm(), cls.patience), "wanted")

    @pytest.fixture(scope="class")
    @classmethod
    def trials(cls) -> Iterator[Trials]:
        """What the engine makes of the plans, for tests that only read what came of them."""
        with ModelServer(patience=cls.patience) as server:
            yield Trials(EngineBench(cls().new_engine, server.llm(), cls.patience), "made")

    def needs(self, *features: str) -> None:
        """Skip the running test if the engine lacks one of these features."""
        for feature in features:
            if feature in self.engine_class().lacks:
                pytest.skip(f"{self.subject} says that it lacks '{feature}'")

    def attempted(self, plan: str, trials: Trials, folder: Path) -> EngineTrial:
        """Run a plan with the engine; skip the test if it lacks something for that."""
        self.needs(*PLANS[plan].needs)
        return trials.trial(plan, folder)

    def skip_if_rows_differ(self, wanted: EngineTrial, made: EngineTrial) -> None:
        """Skip a test that would only fail because rows do."""
        if wanted.rows != made.rows or wanted.verdicts != made.verdicts:
            pytest.skip("the rows differ: see test_rows_are_those_of_the_built_in_engine")


def difference_of_rows(wanted: EngineTrial, made: EngineTrial) -> str:
    """Return in one sentence what is wrong with the rows of an engine; empty if nothing is."""
    if order := row_difference([row for row, _ in wanted.verdicts], [row for row, _ in made.verdicts]):
        return order
    for (row, verdict), (_, other) in zip(wanted.verdicts, made.verdicts, strict=True):
        if verdict != other:
            return f"the engine says that the row {row!r} is {other}, and it is {verdict}"
    for row, one_row, other_row in zip(made.accepted, wanted.rows, made.rows, strict=True):
        if one_row != other_row:
            return f"the engine made {other_row} of the row {row!r}, and the plan makes {one_row}"
    return ""
