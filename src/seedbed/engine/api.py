"""`seedbed.run`: a dataset from a task, in one call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from seedbed.engine.plan import Plan, make_plan
from seedbed.engine.run import Run
from seedbed.engine.session import RowWriter, Session
from seedbed.engine.window import Settled
from seedbed.llm.gateway import Gateway
from seedbed.llm.llm import LLM
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.registry import Registry
from seedbed.store.writers import open_writer
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep, GlobalStep

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
    registry: Registry | None = None,
) -> Run:
    """Make `n` rows with a task or pipeline, and return the run.

    `task` is a registered name, `PATH.py:Class`, a task or a pipeline; `llm` is for the tasks that have
    none; `input` holds the rows, or names the file, of a task over rows; `out` is a .jsonl, .csv or
    .parquet file, replaced when the run has come to its end; without it the rows are kept in memory
    (`Run.rows()`). Works in scripts, threads and notebooks.

    Raises UsageError or PluginError before anything is spent, and LLMError where no row can be made.
    A row that fails is counted in the run and is no error; a run that is not complete is logged as a
    warning, which Python shows on standard error unless told otherwise.
    """
    plan = make_plan(task, n=n, llm=llm, input=input, seed=seed, concurrency=concurrency, registry=registry)
    made = open_session(plan, out=Path(out) if out else None, name=name).execute()
    if made.outcome != "complete":
        logger.warning("%s", made)
    return made


def open_session(
    plan: Plan,
    *,
    out: Path | None = None,
    name: str | None = None,
    writer: RowWriter | None = None,
    gateway: Gateway | None = None,
    watch: Callable[[Settled], None] | None = None,
) -> Session:
    """Return a session of the plan, with the dataset's file open; without one the rows are kept.

    `watch` is told of every settled item, in order, on the loop thread.
    """
    wanted = None if any(isinstance(step, GlobalStep) for step in plan.steps) else plan.n
    handle = Run(name or (out.stem if out else plan.name), wanted, plan.seed, out=out)
    if writer is None:
        writer = open_writer(out) if out else _Memory(handle.kept)
    return Session(plan, handle, writer, gateway, watch)


class _Memory:
    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def write(self, row: Row) -> None:
        self._rows.append(row)

    def commit(self) -> None: ...

    def abandon(self) -> Path | None:
        return None
