"""`seedbed.run`: a dataset from a task, in one call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from seedbed.engine.engine import Engine, Job
from seedbed.engine.engine_kind import ENGINES
from seedbed.engine.engine_needs import check_engine
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
from seedbed.engine.stopping.bounds import GIVE_UP_AFTER, Bounds
from seedbed.engine.workers.needed import unplaced
from seedbed.errors import LoopThreadError, UsageError
from seedbed.llm.llm import LLM
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.class_references import class_named
from seedbed.plugins.elsewhere import naming_options
from seedbed.plugins.registry import Registry
from seedbed.store import Output, Outputs, RunStore, check_csv_safe, check_output, outputs_of
from seedbed.suggestions import did_you_mean
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
    out: Outputs | None = None,
    csv_safe: bool = False,
    name: str | None = None,
    seed: int | None = None,
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
    stop_if: str | None = None,
    quality: bool = True,
    shard: str | None = None,
    restart: bool = False,
    retry: bool = False,
    observers: Iterable[str | object] = (),
    engine: str | Callable[[Job], Engine] | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Run:
    """Make `n` rows with a task or pipeline, and return the run.

        made = seedbed.run("qa-pairs", n=100, llm="openai/gpt-4.1-mini", out="qa.jsonl", max_cost=2.0)

    `task` is a registered name, `PATH.py:Class`, a task or a pipeline. `llm` is used by tasks that have none.
    `input` holds the rows of a task over rows: a file, a table of pandas, polars, Arrow or `datasets`, or an
    iterable of dictionaries. If `columns` is given, only those columns are read; those in `drop` are left
    out. `encoding` is that of a text file. `out` is a .jsonl, .csv, .parquet or .arrow file, or an `Output`
    with a trainer's form, splits or shards, or a list of those; it's replaced when the run ends. With
    `csv_safe`, no spreadsheet takes text in a .csv for a formula. Works in scripts and threads; use
    `await arun(...)` in notebooks and coroutines.

    With `name`, or `out` (whose stem is the name then), the run is kept in `runs/`, and the same call resumes
    it. `restart` starts over; `retry` retries failed rows, even with another LLM or other parameters. Without
    a name, the rows live as long as the returned run (`Run.rows()`). `max_cost` is in dollars. `max_cost`,
    `max_tokens` and `max_seconds` count over all sessions of a run. Prices are in dollars per million tokens,
    and come from the package genai-prices unless `price_input` and `price_output` are given. `leaf` names the
    step whose rows are the dataset, if a pipeline ends in several. Names are resolved in `registry`, or with
    `locked` in a registry of what that lock file holds.

    Rows in flight take at most `max_bytes_in_flight` bytes of memory (256 MiB unless set); a single larger
    row may pass alone.

    If the first `give_up_after` rows are all rejected, dropped or lost for the same reason, the run stops;
    with 0 it never does.

    `shard="3/16"` makes only the third of sixteen parts of the rows; `seedbed runs merge` unites such runs.
    The quality of the rows is measured as they come (`Run.quality`), unless `quality` is False. `stop_if` is
    an expression over its figures, such as "near_duplicates > 0.3": the run stops when it holds, from 20
    rows on, and can be resumed.

    `observers` are notified of the run's calls and rows once they're durable: names of installed observers,
    `PATH.py:Class`, or objects with hooks. Those in the setting `observers` are notified too. `engine`
    replaces the built-in one: a name, `PATH.py:Class`, a class, or a class with options (`with_options`).

    Raises LoopThreadError on a thread whose event loop is running, UsageError or PluginError before anything
    is spent, and LLMError if no row can be made. A failed row is counted and raises nothing. A run that isn't
    complete is logged as a warning, which Python shows on standard error by default.
    """
    # The first statement, as locals() then holds the parameters and nothing else.
    given = locals()
    _refuse_on_a_running_loop()
    return logged(session_of(**given).execute())


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
    out: Outputs | None = None,
    csv_safe: bool = False,
    name: str | None = None,
    seed: int | None = None,
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
    stop_if: str | None = None,
    quality: bool = True,
    shard: str | None = None,
    restart: bool = False,
    retry: bool = False,
    observers: Iterable[str | object] = (),
    engine: str | Callable[[Job], Engine] | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Session:
    """Return the session of a run, with its store open; parameters and errors are those of `run`."""
    check_names(name=name, leaf=leaf, encoding=encoding)
    check_path(locked=locked)
    outputs = outputs_of(out)
    registry = locked_registry(registry, locked)
    bounds = Bounds.parse(
        max_attempts=max_attempts,
        max_failures=max_failures,
        give_up_after=give_up_after,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
        max_bytes_in_flight=max_bytes_in_flight,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        price_input=price_input,
        price_output=price_output,
        stop_if=stop_if,
        quality=quality,
        shard=shard,
    )
    plan = make_plan(
        task,
        n=n,
        llm=llm,
        input=input,
        seed=seed,
        concurrency=concurrency,
        # With several branches, the first output says which one counts.
        leaf=leaf or next((output.leaf for output in outputs if output.leaf), None),
        bounds=bounds,
        registry=registry,
        columns=columns,
        drop=drop,
        encoding=encoding,
    )
    notified = observers_of(observers, registry=registry)
    maker = engine_of(engine, registry=registry)
    return open_session(
        plan,
        outputs=outputs or plan.outputs,
        csv_safe=csv_safe,
        name=name,
        restart=restart,
        retry=retry,
        observers=notified,
        engine=maker,
    )


def locked_registry(registry: Registry | None, locked: str | Path | None) -> Registry | None:
    """Return the registry of a lock file, or the given one; raise UsageError if both are given."""
    if locked is None:
        return registry
    if registry is not None:
        raise UsageError("both a registry and a lock file are given", "use Registry(locked=...)")
    return Registry(locked=locked)


def logged(run: Run) -> Run:
    """Return a run whose session has ended; log it if it isn't complete, and log its notes."""
    if run.outcome != "complete":
        logger.warning("%s", run)
    for note in run.notes:
        logger.warning("run '%s': %s", run.name, note)
    return run


def _refuse_on_a_running_loop() -> None:
    """Raise LoopThreadError if waiting for a run would block the event loop of this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise LoopThreadError(
        "`run` would block the event loop that runs on this thread until it has all rows",
        "write `await seedbed.arun(...)` instead, in a notebook too; it takes the same parameters",
        "if you can't await here, run it in a thread of its own",
    )


def engine_class(name: str | None, *, registry: Registry | None = None) -> type[Engine]:
    """Return the class of the engine named, or the built-in one; raises what `get_task` raises."""
    return LocalEngine if name is None else class_named(ENGINES, name, registry=registry)


def engine_of(
    given: str | Callable[[Job], Engine] | None, *, registry: Registry | None = None
) -> Callable[[Job], Engine]:
    """Return what makes the engine of a job: a class by its name, or what's given.

    Raises what `get_task` raises.
    """
    return engine_class(given, registry=registry) if given is None or isinstance(given, str) else given


def _keep_apart(out: Path, given: Path | None) -> None:
    """Raise UsageError if the dataset would replace its own input."""
    # `samefile`, since links and other spellings of a path name the same file.
    if given is not None and given.exists() and out.exists() and out.samefile(given):
        raise UsageError(
            f"'{out}' is both the input and the dataset, which would replace it",
            "name another file with -o (out=... in Python)",
        )


def open_session(
    plan: Plan,
    *,
    outputs: Sequence[Output] = (),
    csv_safe: bool = False,
    name: str | None = None,
    restart: bool = False,
    retry: bool = False,
    emit: Callable[[bytes], None] | None = None,
    order: dict[str, object] | None = None,
    observers: Sequence[Observer] = (),
    engine: Callable[[Job], Engine] = LocalEngine,
) -> Session:
    """Return a session of the plan on its store, which it opens.

    `emit` gets each row of the dataset as JSON when it's durable, in order, on the loop thread. `observers`
    are notified of everything that's durable, each on its own thread.
    """
    # Before the store: a file that can't be written is refused without leaving a run.
    check_csv_safe(csv_safe, None if not outputs else Path(outputs[0].path))
    for output in outputs:
        _check_output(output, plan)
    if name is None and outputs:
        name = outputs[0].name
    start = Start(name)
    try:
        store = open_store(plan, name, start, restart=restart)
    except BaseException:
        # Also for Ctrl-C: a run that --restart has set aside gets its name back.
        start.take_back()
        raise
    try:
        if plan.backends and start.goes_on:
            # If the LLM refuses the first call (a wrong key), the run stays as it was. Otherwise the manifest
            # of a session that made nothing would count as what the run holds, and a retry would take its
            # order. Before anything is added: what was written in the meantime couldn't be taken back.
            store.hold()
        run = _new_run(plan, name, store)
        fingerprints = record_files(plan, store, retrying=retry)
        job = Job(plan, run, store, fingerprints, retry, Outlets(Emission(emit) if emit else None))
        maker = engine(job)
        check_engine(maker, plan)
        if not maker.places:
            run.odd += unplaced(plan)
        return Session(
            job, maker, outputs=outputs, csv_safe=csv_safe, order=order, observers=observers, start=start
        )
    except BaseException:
        # A store that stays open keeps its lock, and in a notebook the next try in this process would be
        # refused.
        store.close()
        start.take_back()
        raise


def _check_output(output: Output, plan: Plan) -> None:
    check_output(output, plan.registry)
    if output.file is not None:
        _keep_apart(output.file, plan.input.path if plan.input is not None else None)
    leaves = [step for step in plan.topology.leaves if step]
    if output.leaf is not None and output.leaf not in leaves:
        raise UsageError(
            f"'{output}' is for rows of a step {output.leaf!r}, which isn't the last one of a branch",
            *did_you_mean(output.leaf, leaves),
            f"rows can be written of {', '.join(leaves)}",
        )


def _new_run(plan: Plan, name: str | None, store: RunStore) -> Run:
    return Run(
        name or plan.name,
        plan.wanted,
        plan.seed,
        leaf=plan.leaf,
        folder=store.folder if name else None,
        store=None if name else store,
        odd=[*default_notes(plan)],
    )
