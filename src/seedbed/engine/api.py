"""`seedbed.run`: a dataset from a task, in one call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from seedbed.engine.engine import Engine, Job
from seedbed.engine.opening import executed
from seedbed.engine.run import Run
from seedbed.engine.run_options import RunOptions
from seedbed.engine.sources.input_rows import Input
from seedbed.engine.stopping.bounds import GIVE_UP_AFTER
from seedbed.errors import LoopThreadError
from seedbed.llm.llm import LLM
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.authoring.elsewhere import naming_options
from seedbed.plugins.registry import Registry
from seedbed.store import Outputs
from seedbed.tasks.base_step import BaseStep

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
    id: str | Sequence[str] | None = None,
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
    retry: bool | Literal["recompute"] = False,
    observers: Iterable[str | object] = (),
    engine: str | Callable[[Job], Engine] | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Run:
    """Make `n` rows with a task or pipeline, and return the run.

        made = seedbed.run("qa-pairs", n=100, llm="openai/gpt-4.1-mini", out="qa.jsonl", max_cost=2.0)

    `task` is a registered name, `PATH.py:Class`, a task or a pipeline. `llm` is used by tasks that have none.
    Parameters go to the task and the LLM: `get_task("qa-pairs", topics=["tides"])`,
    `get_llm("openai/gpt-4.1-mini", temperature=0.7)`.
    `input` holds the rows of a task over rows: a file, a table of pandas, polars, Arrow or `datasets`, or an
    iterable of dictionaries. If `columns` is given, only those columns are read; those in `drop` are left
    out. `encoding` is that of a text file. `id` names the column, or the columns, with the ids of the rows;
    without it, a row is known by what it holds. `out` is a .jsonl, .csv, .parquet or .arrow file, or an
    `Output` with a trainer's form, splits or shards, or a list of those; it's replaced when the run ends.
    With `csv_safe`, no spreadsheet takes text in a .csv for a formula. Works in scripts and threads; use
    `await arun(...)` in notebooks and coroutines.

    With `name`, or `out` (whose stem is the name then), the run is kept in `runs/`, and the same call resumes
    it. `restart` starts over; `retry` retries failed rows, even with another LLM or other parameters. If the
    code or files of a step have changed, for example by an upgrade of its plugin, a retry would make all of
    its rows again: it raises UsageError, unless `retry` is "recompute". Without a name, the rows live as long
    as the returned run (`Run.rows()`). `max_cost` is in dollars. `max_cost`, `max_tokens` and `max_seconds`
    count over all sessions of a run. Prices are in dollars per million tokens, and come from the package
    genai-prices unless `price_input` and `price_output` are given. `leaf` names the step whose rows are the
    dataset, if a pipeline ends in several. Names are resolved in `registry`, or with `locked` in a registry
    of what that lock file holds.

    Rows in flight take at most `max_bytes_in_flight` bytes of memory (256 MiB unless set); a single larger
    row may pass alone.

    If the first `give_up_after` rows are all rejected, dropped or lost for the same reason, the run stops;
    with 0 it never does. Rows of a file that a `repeatable` step refuses before any call don't count.

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
    refuse_on_a_running_loop(
        "`run`",
        "write `await seedbed.arun(...)` instead, in a notebook too; it takes the same parameters",
        "if you can't await here, run it in a thread of its own",
    )
    return logged(executed(lambda: RunOptions(given).open_session()))


def logged(run: Run) -> Run:
    """Return a run whose session has ended; log it if it isn't complete, and log its notes."""
    if run.outcome != "complete":
        logger.warning("%s", run)
    for note in run.notes:
        logger.warning("run '%s': %s", run.name, note)
    return run


def refuse_on_a_running_loop(what: str, *advice: str) -> None:
    """Raise LoopThreadError if waiting for a run would block the event loop of this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise LoopThreadError(
        f"{what} would block the event loop that runs on this thread until it has all rows", *advice
    )
