"""A run by an engine on the bench: what it leaves in the store, and what observers get of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from seedbed.engine.engine import Engine, Job
from seedbed.engine.observing.named import NamedObservers, observers_of
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.run import Run
from seedbed.engine.session import Session
from seedbed.engine.stopping.bounds import Bounds
from seedbed.errors import UsageError
from seedbed.pipeline.pipeline import Pipeline
from seedbed.store import RunReader, run_folder
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row
from seedbed.testing.engines.engine_plans import Numbered
from seedbed.testing.observer_bench import Recorder, Told
from seedbed.testing.steps.trial import executed

EngineMaker = Callable[[Job], Engine]

Way = Literal["drain", "cancel"]
"""How a run is stopped."""


@dataclass(repr=False)
class EngineTrial:
    """What a session of a run came to.

    `rows` is the dataset, `verdicts` are (row, verdict) in their order, `refused` says for each row that
    isn't in the dataset its verdict, step, kind and reason. `told` is what an observer heard.
    """

    run: Run
    rows: list[Row] = field(default_factory=list)
    verdicts: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)
    told: Told = field(default_factory=list)

    @property
    def accepted(self) -> list[str]:
        """The ids of the rows of the dataset, in order."""
        return [row for row, verdict in self.verdicts if verdict == "accepted"]


@dataclass(frozen=True)
class EngineBench:
    """Runs plans with an engine, each under a name; `llm` is a model for their tasks."""

    engine: EngineMaker
    llm: Any
    patience: float

    def session(
        self,
        what: BaseStep | Pipeline,
        name: str,
        *,
        observers: Sequence[object] = (),
        emit: Callable[[bytes], None] | None = None,
        retry: bool = False,
        bounds: Bounds | None = None,
        **options: Any,
    ) -> Session:
        """Return a session of a run; without `bounds`, it never gives up, so that all rows are decided.

        If the engine refuses the plan, the running test is skipped. A plain generator it may not refuse.
        """
        plan = make_plan(what, llm=self.llm, bounds=bounds or Bounds(give_up_after=0), **options)
        heard = observers_of(observers, named=NamedObservers())
        try:
            return open_session(plan, name=name, engine=self.engine, observers=heard, emit=emit, retry=retry)
        except UsageError as error:
            if type(what) is Numbered and bounds is None:
                raise
            pytest.skip(f"the engine refuses this run: {error}")

    def attempt(self, what: BaseStep | Pipeline, name: str, **options: Any) -> EngineTrial:
        """Run to the end, and return what came of it; raises what the run raises."""
        recorder = Recorder()
        session = self.session(what, name, observers=[recorder], **options)
        run = executed(session, self.patience)
        return self._read(run, name, recorder)

    @contextmanager
    def begun(self, session: Session) -> Iterator[Callable[..., Run | None]]:
        """Execute a session in a thread during a `with` block.

        What it gives waits for the run and returns it; given seconds, it returns None after so many.
        """
        ended: Future[Run] = Future()

        def execute() -> None:
            try:
                ended.set_result(executed(session, self.patience))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                ended.set_exception(error)

        def wait(seconds: float | None = None) -> Run | None:
            with suppress(TimeoutError):
                return ended.result(seconds)
            return None

        threading.Thread(target=execute, daemon=True).start()
        try:
            yield wait
        finally:
            if not ended.done():
                session.cancel()
                wait_for([ended], self.patience)

    def _read(self, run: Run, name: str, recorder: Recorder) -> EngineTrial:
        trial = EngineTrial(run, list(run.rows()), told=recorder.told)
        with RunReader.open(run_folder(name)) as reader:
            trial.verdicts = [(one.row, one.verdict) for one in reader.verdicts(run.leaf)]
            trial.refused = [
                (one.row, one.verdict, one.step, one.kind or "", (one.reason or "").partition("\n")[0])
                for one in reader.refused(run.leaf)
            ]
        return trial


def stopped(session: Session, way: Way) -> None:
    """Drain or cancel a session, and wait until everything that sends its calls has heard of it."""
    session.drain() if way == "drain" else session.cancel()
    session.wait_until_drained()


def made_of_step(name: str, step: str) -> set[str]:
    """Return the texts of all rows that a run has of a step, whether they're in the dataset or not."""
    with RunReader.open(run_folder(name)) as reader:
        return {row["text"] for result in reader.results_of(step) for row in json.loads(result.data)}


def row_difference(wanted: Sequence[str], found: Sequence[str]) -> str:
    """Return in one sentence how a list of row ids differs from the one that it should be; empty if equal."""
    if twice := [row for row in found if found.count(row) > wanted.count(row) and row in wanted]:
        return f"the engine decided the row {twice[0]!r} {found.count(twice[0])} times"
    if missing := [row for row in wanted if row not in found]:
        return f"the engine never decided the row {missing[0]!r}"
    if strange := [row for row in found if row not in wanted]:
        return f"the engine decided a row {strange[0]!r}, which isn't one of the plan's"
    place = next((n for n, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other), None)
    if place is None:
        return ""
    return (
        f"the engine's verdicts aren't in the order of the rows: number {place} is about {found[place]!r}, "
        f"and should be about {wanted[place]!r}"
    )


def files_with(folder: Path, text: str) -> list[str]:
    """Return the names of the files in a folder that have a text in them."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [str(file.relative_to(folder)) for file in files if text.encode() in file.read_bytes()]
