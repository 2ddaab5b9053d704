"""Making a dataset: plan, file, run, summary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from seedbed.cli.failures import ExitStatus, discard_output, show
from seedbed.cli.run.displays import progress_of
from seedbed.cli.run.earlier_versions import naming_earlier_versions
from seedbed.cli.run.kept_options import kept_options
from seedbed.cli.run.planning import CommandOptions, engine_for, plan_of
from seedbed.cli.run.summary import exit_status, write_summary
from seedbed.cli.run.supervision import supervised
from seedbed.cli.terminal.output import kept_stdout, write_json
from seedbed.cli.terminal.printing import row_bytes
from seedbed.engine.engine import Engine, Job
from seedbed.engine.observing.named import observers_of
from seedbed.engine.observing.observer import Observer
from seedbed.engine.open_session import open_session
from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.errors import DatasetError
from seedbed.plugins.registry import Registry
from seedbed.store import Output


@dataclass(frozen=True)
class Making:
    """How to make the dataset: where its rows go, the run's name, and whether to start it over.

    `check` looks at the plan before anything is opened; it returns False if nothing should be made.
    """

    output: Output | None
    name: str | None
    restart: bool = False
    retry: bool = False
    as_json: bool = False
    csv_safe: bool = False
    check: Callable[[Plan], bool] = lambda plan: True


def make_dataset(options: CommandOptions, registry: Registry, how: Making) -> ExitStatus:
    """Make a dataset, write its summary, and return the exit status; raises errors from before the run."""
    with kept_stdout() as stdout:
        with naming_earlier_versions((how.name, how.output.name if how.output else None, options.what)):
            plan = plan_of(options, registry)
        outputs = (how.output,) if how.output else plan.outputs
        missing = [out for out in outputs if out.file is None or not out.file.exists()]
        if not how.check(plan):
            return ExitStatus.COMPLETE
        observers = observers_of(options.plugins, registry=registry)
        engine = engine_for(options, registry)
        run = _run(options, plan, outputs, stdout, how, observers, engine)
    if how.as_json:
        _write_summary_json(run, err=not outputs)
    else:
        write_summary(run, outputs, missing)
    return exit_status(run)


def _write_summary_json(run: Run, *, err: bool) -> None:
    try:
        write_json(run.summary(), err=err)
        sys.stdout.flush()
    except OSError as error:
        # The dataset has been made, so the exit status stays.
        discard_output()
        show(
            f"standard output cannot be written to: {error.strerror}",
            "the summary is lost, but the rows are kept",
        )


def _run(
    options: CommandOptions,
    plan: Plan,
    outputs: Sequence[Output],
    stdout: BinaryIO,
    how: Making,
    observers: Sequence[Observer],
    engine: Callable[[Job], Engine],
) -> Run:
    session = open_session(
        plan,
        outputs=outputs,
        csv_safe=how.csv_safe,
        name=how.name if how.name is not None else (how.output.name if how.output else plan.name),
        restart=how.restart,
        retry=how.retry,
        emit=None if outputs else partial(_write_row, stdout),
        order=kept_options(options, plan, how.output, how.csv_safe),
        observers=observers,
        engine=engine,
    )
    rows_on_terminal = not outputs and stdout.isatty()
    silent = how.as_json and not outputs
    return supervised(session, progress_of(session, silent=silent, rows_on_terminal=rows_on_terminal))


def _write_row(stdout: BinaryIO, encoded: bytes) -> None:
    try:
        stdout.write(row_bytes(encoded, stdout) + b"\n")
        stdout.flush()
    except OSError as error:
        raise DatasetError(f"the output stream cannot be written to: {error.strerror}") from error
