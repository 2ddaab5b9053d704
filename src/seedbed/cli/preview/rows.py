"""Making a few rows and showing how each was made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from seedbed.cli.failures import ExitStatus
from seedbed.cli.preview.blocks_of_rows import write_traces
from seedbed.cli.run.displays import progress_of
from seedbed.cli.run.planning import CommandOptions, plan_of
from seedbed.cli.run.summary import cost_line, exit_status, show_notes, show_stop
from seedbed.cli.run.supervision import supervised
from seedbed.cli.terminal.output import kept_stdout, write_json
from seedbed.cli.terminal.printing import echo
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.preview.preview import REPLACED
from seedbed.engine.preview.trace import Trace
from seedbed.plugins.registry import Registry


def show_preview(
    options: CommandOptions, registry: Registry, *, as_json: bool, full: bool = False
) -> ExitStatus:
    """Make the rows that the options ask for, show each with its calls, and return how that went."""
    trace = Trace()
    bounds = replace(options.bounds, max_attempts=(options.n or 0) + REPLACED)
    options = replace(options, bounds=bounds)
    with kept_stdout():
        engine = partial(LocalEngine, recorder=trace.record, watch=trace.watch)
        session = open_session(plan_of(options, registry), engine=engine)
        run = supervised(session, progress_of(session, silent=as_json, rows_on_terminal=False))
    if as_json:
        write_json({"rows": [row.as_json() for row in trace.traces()], "summary": run.summary()})
    else:
        write_traces(trace.traces(), full=full)
        show_stop(run)
        show_notes(run)
        if run.wanted is not None and run.accepted < run.wanted and run.rejected > REPLACED:
            echo(
                f"{run.accepted:,} of {run.wanted:,} rows: a preview replaces {REPLACED} rejected rows",
                err=True,
            )
        echo(cost_line(run), err=True)
    return exit_status(run)
