"""`seedbed.run`: a dataset from a task, in one call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from seedbed.engine.engine import Engine, Job
from seedbed.engine.engine_kind import ENGINES
from seedbed.engine.local import LocalEngine
from seedbed.engine.notes import default_notes
from seedbed.engine.observing.named import observers_of
from seedbed.engine.observing.observer import Observer
from seedbed.engine.opening import open_store
from seedbed.engine.option_types import check_names, check_path
from seedbed.engine.outlets import Emission, Outlets
from seedbed.engine.plan import Plan, make_plan
from seedbed.engine.resume.file_record import record_files
from seedbed.engine.run import Run
from seedbed.engine.session import Session
from seedbed.engine.sources.input_rows import Input
from seedbed.engine.start import Start
from seedbed.engine.stopping.bounds import GIVE_UP_AFTER, Bounds, MaxFailures
from seedbed.errors import LoopThreadError, UsageError
from seedbed.llm.llm import LLM
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.class_references import class_named
from seedbed.plugins.elsewhere import naming_options
from seedbed.plugins.registry import Registry
from seedbed.store import check_csv_safe, check_target
from seedbed.tasks.steps import BaseStep

logger = logging.getLogger(__name__)


@naming_options
def run(
    task: str | BaseStep | Pipeline,
    n: int | None = None,
    *,
    llm: str | LLM | None = None,
    input: Input | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    encoding: str | None = None,
    out: str | Path | None = None,
    csv_safe: bool = False,
    name: str | None = None,
    seed: int = 0,
    concurrency: int | None = None,
    leaf: str | None = None,
    max_attempts: int | None = None,
    max_failures: int | str | None = None,
    give_up_after: int = GIVE_UP_AFTER,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    max_bytes_in_flight: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    price_input: float | None = None,
    price_output: float | None = None,
    restart: bool = False,
    retry: bool = False,
    observers: Iterable[str | object] = (),
    engine: str | type[Engine] | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Run:
    """Make `n` rows with a task or pipeline, and return the run.

    `task` is a registered name, `PATH.py:Class`, a task or a pipeline; `llm` is for the tasks that have
    none; `input` holds the rows of a task over rows: a file, a table of pandas, polars, Arrow or
    `datasets`, or an iterable of dictionaries. Of its columns, `columns` are the only ones read and
    `drop` are left out; `encoding` is that of a text file. `out` is a .jsonl, .csv, .parquet or .arrow
    file, replaced when the run has come to its end; with `csv_safe`, no spreadsheet takes text in a .csv
    for a formula. Works in scripts and threads; in notebooks and coroutines, `await arun(...)` does.

    With `name`, or `out` whose stem is the name then, the run is kept in `runs/`, and the same call goes on
    where it stopped; `restart` begins anew, `retry` asks failed rows again, also of
    another LLM or with other parameters. Without them the rows live as
    long as the run that is returned (`Run.rows()`). `max_cost` is in dollars; it, `max_tokens` and
    `max_seconds` span all sessions of a run. Prices, in dollars per million tokens, are those that the
    package genai-prices lists unless `price_input` and `price_output` are given. `leaf` names the step
    whose rows are the dataset, where a pipeline ends in several. Names are resolved in `registry`, or, with
    `locked`, in one of what that lock file holds.

    Rows under way take `max_bytes_in_flight` bytes of memory at most (256 MiB unless set), or one at a time
    more.

    A run whose first `give_up_after` rows are all rejected, dropped or lost for one reason stops there; with
    0 it goes on.

    `observers` are told of the run's calls and rows once they are durable: names of installed ones,
    `PATH.py:Class`, or objects with hooks. Those that the setting `observers` names are told too. `engine`
    is what makes the rows in place of the built-in one: a name, `PATH.py:Class`, or a class.

    Raises LoopThreadError on a thread whose event loop runs, UsageError or PluginError before anything is
    spent, and LLMError where no row can be made.
    A row that fails is counted in the run and is no error; a run that is not complete is logged as a
    warning, which Python shows on standard error unless told otherwise.
    """
    # First of all: it holds the parameters, and nothing else yet.
    given = locals()
    _refuse_on_a_running_loop()
    return told(session_of(**given).execute())


@naming_options
def session_of(
    task: str | BaseStep | Pipeline,
    n: int | None = None,
    *,
    llm: str | LLM | None = None,
    input: Input | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    encoding: str | None = None,
    out: str | Path | None = None,
    csv_safe: bool = False,
    name: str | None = None,
    seed: int = 0,
    concurrency: int | None = None,
    leaf: str | None = None,
    max_attempts: int | None = None,
    max_failures: int | str | None = None,
    give_up_after: int = GIVE_UP_AFTER,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    max_bytes_in_flight: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    price_input: float | None = None,
    price_output: float | None = None,
    restart: bool = False,
    retry: bool = False,
    observers: Iterable[str | object] = (),
    engine: str | type[Engine] | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Session:
    """Return the session of a run, with its store open; parameters and errors are those of `run`."""
    check_names(name=name, leaf=leaf, encoding=encoding)
    check_path(out=out, locked=locked)
    registry = locked_registry(registry, locked)
    bounds = Bounds(
        max_attempts=max_attempts,
        max_failures=MaxFailures.parse(max_failures),
        give_up_after=give_up_after,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
        max_bytes_in_flight=max_bytes_in_flight,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        price_input=price_input,
        price_output=price_output,
    )
    plan = make_plan(
        task,
        n=n,
        llm=llm,
        input=input,
        seed=seed,
        concurrency=concurrency,
        leaf=leaf,
        bounds=bounds,
        registry=registry,
        columns=columns,
        drop=drop,
        encoding=encoding,
    )
    told = observers_of(observers, registry=registry)
    maker = engine_of(engine, registry=registry)
    out = Path(out) if out else None
    return open_session(
        plan,
        out=out,
        csv_safe=csv_safe,
        name=name,
        restart=restart,
        retry=retry,
        observers=told,
        engine=maker,
    )


def locked_registry(registry: Registry | None, locked: str | Path | None) -> Registry | None:
    """Return the registry of a lock file, or the one that is given; raise UsageError where both are."""
    if locked is None:
        return registry
    if registry is not None:
        raise UsageError("a registry and a lock file are given", "make it Registry(locked=...)")
    return Registry(locked=locked)


def told(run: Run) -> Run:
    """Return a run whose session has ended; one that is not complete is logged, and so is what is odd."""
    if run.outcome != "complete":
        logger.warning("%s", run)
    for note in run.notes:
        logger.warning("run '%s': %s", run.name, note)
    return run


def _refuse_on_a_running_loop() -> None:
    """Raise LoopThreadError where waiting for a run would stop all else that runs on this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise LoopThreadError(
        "`run` would stop the event loop that runs on this thread until it has all rows",
        "write `await seedbed.arun(...)` instead, in a notebook too; it takes the same parameters",
        "where nothing can be awaited, run it in a thread of its own",
    )


def engine_of(given: str | type[Engine] | None, *, registry: Registry | None = None) -> type[Engine]:
    """Return the engine that is named or given, or the one that is built in; raise as `get_task` does."""
    if given is None:
        return LocalEngine
    return class_named(ENGINES, given, registry=registry) if isinstance(given, str) else given


def _keep_apart(out: Path, given: Path | None) -> None:
    """Raise UsageError where the dataset would replace the rows that it is made of."""
    if given is not None and given.exists() and out.exists() and out.samefile(given):
        raise UsageError(
            f"'{out}' is both the input and the dataset, which would replace it",
            "name another file with -o (out=... in Python)",
        )


def open_session(
    plan: Plan,
    *,
    out: Path | None = None,
    csv_safe: bool = False,
    name: str | None = None,
    restart: bool = False,
    retry: bool = False,
    emit: Callable[[bytes], None] | None = None,
    order: dict[str, object] | None = None,
    observers: Sequence[Observer] = (),
    engine: Callable[[Job], Engine] = LocalEngine,
) -> Session:
    """Return a session of the plan on its store, which is open then.

    `emit` takes each row of the dataset when it is durable, in order, as JSON, on the loop thread;
    `observers` are told of all that is durable, on threads of their own.
    """
    check_csv_safe(csv_safe, out)
    if out is not None:
        check_target(out)
        _keep_apart(out, plan.input.path if plan.input is not None else None)
    if name is None and out is not None:
        name = out.stem
    start = Start(name)
    try:
        store = open_store(plan, name, start, restart=restart)
    except BaseException:
        start.take_back()
        raise
    run = Run(
        name or plan.name,
        plan.wanted,
        plan.seed,
        leaf=plan.leaf,
        folder=store.folder if name else None,
        store=None if name else store,
        odd=[*default_notes(plan)],
    )
    try:
        fingerprints = record_files(plan, store, retrying=retry)
        job = Job(plan, run, store, fingerprints, retry, Outlets(Emission(emit) if emit else None))
        maker = engine(job)
        return Session(job, maker, out=out, csv_safe=csv_safe, order=order, observers=observers, start=start)
    except BaseException:
        store.close()
        start.take_back()
        raise
