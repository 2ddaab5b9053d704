"""Making a few rows, and showing how they came about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seedbed.cli.failures import ExitStatus
from seedbed.cli.output import kept_stdout, write_json
from seedbed.cli.planning import Order, plan_of
from seedbed.cli.preview_text import write_traces
from seedbed.cli.progress import progress_of
from seedbed.cli.settings import parse_settings
from seedbed.cli.summary import exit_status, show_stop
from seedbed.cli.supervision import supervised
from seedbed.cli.trace import Trace
from seedbed.engine.api import open_session
from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.llm.gateway import Gateway
from seedbed.plugins.registry import Registry


def show_preview(
    registry: Registry,
    *,
    what: str,
    llm: str | None,
    n: int,
    input: Path | None,
    settings: Sequence[str],
    seed: int,
    concurrency: int | None,
    as_json: bool,
) -> ExitStatus:
    """Make `n` rows, show each with its calls, and return how that went."""
    trace = Trace()
    with kept_stdout():
        order = Order(what, llm, n, input, parse_settings(settings), seed, concurrency)
        run = _run(plan_of(order, registry), trace, as_json)
    if as_json:
        write_json({"rows": [row.as_json() for row in trace.traces()], "summary": run.summary()})
    else:
        write_traces(trace.traces())
        show_stop(run)
    return exit_status(run)


def _run(plan: Plan, trace: Trace, silent: bool) -> Run:
    gateway = Gateway(concurrency=plan.concurrency, recorder=trace.record)
    session = open_session(plan, gateway=gateway, watch=trace.watch)
    progress = progress_of(session, silent=silent, rows_on_terminal=False)
    return supervised(session, progress)
