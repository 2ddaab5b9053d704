"""Making a dataset: plan, file, run, summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from seedbed.cli.failures import ExitStatus
from seedbed.cli.output import kept_stdout, write_json
from seedbed.cli.planning import Order, plan_of
from seedbed.cli.progress import progress_of
from seedbed.cli.settings import parse_settings
from seedbed.cli.summary import exit_status, write_summary
from seedbed.cli.supervision import supervised
from seedbed.engine.api import open_session
from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.plugins.registry import Registry
from seedbed.store.writers import open_writer


def make_dataset(
    registry: Registry,
    *,
    what: str,
    llm: str | None,
    n: int | None,
    out: Path | None,
    input: Path | None,
    settings: Sequence[str],
    seed: int,
    concurrency: int | None,
    name: str | None,
    as_json: bool,
) -> ExitStatus:
    """Make a dataset, say what became of it, and return how that went; raises what stops it beforehand."""
    existed = out is not None and out.exists()
    with kept_stdout() as stdout:
        order = Order(what, llm, n, input, parse_settings(settings), seed, concurrency)
        run = _run(plan_of(order, registry), stdout, out, name, as_json)
    if as_json:
        write_json(run.summary(), err=out is None)
    else:
        write_summary(run, out, existed)
    return exit_status(run)


def _run(plan: Plan, stdout: BinaryIO, out: Path | None, name: str | None, as_json: bool) -> Run:
    writer = open_writer(out, stdout)
    session = open_session(plan, out=out, name=name, writer=writer)
    rows_on_terminal = out is None and stdout.isatty()
    progress = progress_of(session, silent=as_json and out is None, rows_on_terminal=rows_on_terminal)
    return supervised(session, progress, writer.abandon)
