"""`seedbed.run`: a dataset from a task, in one call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from seedbed.engine.bounds import Bounds, MaxFailures
from seedbed.engine.emission import Emission
from seedbed.engine.journal import RunJournal
from seedbed.engine.opening import open_store, spent_before
from seedbed.engine.plan import Plan, make_plan
from seedbed.engine.run import Run
from seedbed.engine.session import Session
from seedbed.engine.settled import Settled
from seedbed.errors import UsageError
from seedbed.llm.gateway import Gateway, Recorder
from seedbed.llm.llm import LLM
from seedbed.llm.sender import Sender
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.registry import Registry
from seedbed.store import check_target
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep

logger = logging.getLogger(__name__)


def run(
    task: str | BaseStep | Pipeline,
    n: int | None = None,
    *,
    llm: str | LLM | None = None,
    input: str | Path | Iterable[Row] | None = None,
    out: str | Path | None = None,
    name: str | None = None,
    seed: int = 0,
    concurrency: int | None = None,
    leaf: str | None = None,
    max_attempts: int | None = None,
    max_failures: int | str | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    price_input: float | None = None,
    price_output: float | None = None,
    restart: bool = False,
    retry: bool = False,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Run:
    """Make `n` rows with a task or pipeline, and return the run.

    `task` is a registered name, `PATH.py:Class`, a task or a pipeline; `llm` is for the tasks that have
    none; `input` holds the rows, or names the file, of a task over rows; `out` is a .jsonl, .csv, .parquet
    or .arrow file, replaced when the run has come to its end. Works in scripts, threads and notebooks.

    With `name`, or `out` whose stem is the name then, the run is kept in `runs/`, and the same call goes on
    where it stopped; `restart` begins anew, `retry` asks failed rows again. Without them the rows live as
    long as the run that is returned (`Run.rows()`). `max_cost` is in dollars; it, `max_tokens` and
    `max_seconds` span all sessions of a run. Prices, in dollars per million tokens, are those that the
    package genai-prices lists unless `price_input` and `price_output` are given. `leaf` names the step
    whose rows are the dataset, where a pipeline ends in several. Names are resolved in `registry`, or, with
    `locked`, in one of what that lock file holds.

    Raises UsageError or PluginError before anything is spent, and LLMError where no row can be made.
    A row that fails is counted in the run and is no error; a run that is not complete is logged as a
    warning, which Python shows on standard error unless told otherwise.
    """
    if locked is not None and registry is not None:
        raise UsageError("a registry and a lock file are given", "make it Registry(locked=...)")
    bounds = Bounds(
        max_attempts=max_attempts,
        max_failures=MaxFailures.parse(max_failures),
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
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
        registry=registry if locked is None else Registry(locked=locked),
    )
    out = Path(out) if out else None
    made = open_session(plan, out=out, name=name, restart=restart, retry=retry).execute()
    if made.outcome != "complete":
        logger.warning("%s", made)
    return made


def open_session(
    plan: Plan,
    *,
    out: Path | None = None,
    name: str | None = None,
    restart: bool = False,
    retry: bool = False,
    emit: Callable[[bytes], None] | None = None,
    recorder: Recorder | None = None,
    watch: Callable[[Settled], None] | None = None,
    order: dict[str, object] | None = None,
) -> Session:
    """Return a session of the plan on its store, which is open then.

    `emit` takes each row of the dataset when it is durable, in order, as JSON; `watch` is told of every
    verdict and `recorder` of every call, both on the loop thread.
    """
    if out is not None:
        check_target(out)
    if name is None and out is not None:
        name = out.stem
    store = open_store(plan, name, restart=restart)
    bounds, prices = plan.bounds, plan.bounds.prices
    budget = bounds.budget(prices, spent_before(store))
    sender = Sender(
        concurrency=plan.concurrency,
        budget=budget,
        requests_per_minute=bounds.requests_per_minute,
        tokens_per_minute=bounds.tokens_per_minute,
    )
    journal = RunJournal(store, sender.counts, prices, retrying=retry)
    gateway = Gateway(sender=sender, recorder=recorder, journal=journal)
    handle = Run(
        name or plan.name,
        plan.wanted,
        plan.seed,
        leaf=plan.leaf,
        folder=store.folder if name else None,
        store=None if name else store,
    )
    return Session(
        plan,
        handle,
        store,
        gateway=gateway,
        journal=journal,
        budget=budget,
        out=out,
        emission=Emission(emit) if emit else None,
        watch=watch,
        order=order,
    )
