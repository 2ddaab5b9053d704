"""`seedbed run`: make a dataset with a task or a pipeline file."""

from __future__ import annotations

from typing import Any

import click

from seedbed.cli.completing.offers import complete_file, complete_run
from seedbed.cli.failures import ExitStatus
from seedbed.cli.help import write_help
from seedbed.cli.once import OTHER_OUTPUTS, OnceOption
from seedbed.cli.option_groups import GroupedCommand
from seedbed.cli.options import bound_options, engine_option, order_options, output_options, plugin_option
from seedbed.cli.policy import registry_of
from seedbed.errors import UsageError


@click.command(cls=GroupedCommand, add_help_option=False)
@click.option("-n", type=int, metavar="N", help="Rows to make; needed if a task makes rows without end.")
@click.option(
    "-o", "--out", cls=OnceOption, several=OTHER_OUTPUTS, metavar="OUT", shell_complete=complete_file,
    help="File to write (.jsonl, .csv, .parquet, .arrow), folder/ or hf://USER/NAME; else standard output.",
)  # fmt: skip
@click.option(
    "--name",
    metavar="RUN",
    shell_complete=complete_run,
    help="Name of the run; the stem of OUT, else the task's, unless given.",
)
@output_options
@click.option(
    "--push-every", type=int, metavar="N",
    help="Upload full files to hf://USER/NAME whenever N more rows are there, while the run goes on.",
)  # fmt: skip
@click.option(
    "--shard", metavar="I/K", help="Make only the I-th of K parts of the rows; `runs merge` unites them."
)
@click.option("--restart", is_flag=True, help="Start the run over; what it has made is kept aside.")
@order_options
@plugin_option
@engine_option
@bound_options
@click.pass_context
def run(
    ctx: click.Context,
    /,
    wants_help: bool,
    name: str | None,
    csv_safe: bool,
    restart: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Make a dataset with a task or a pipeline file.

    TASK is a registered name (`seedbed plugins` lists them) or PATH.py:CLASS; FILE ends in .yaml, .yml
    or .json. `seedbed run TASK --help` shows the task's own parameters. If a run stopped, run the same
    command again to resume it.
    """
    if wants_help:
        write_help(ctx, given["what"], given["llm"])
        return ExitStatus.COMPLETE
    if given["what"] is None:
        raise UsageError(
            "nothing to run",
            "name a task or a pipeline file: seedbed run TASK --llm BACKEND/MODEL -n 10 -o OUT.jsonl",
            "`seedbed plugins` lists the installed tasks",
        )
    from seedbed.cli.run.making import Making, make_dataset
    from seedbed.cli.run.output_options import take_output
    from seedbed.cli.run.planning import run_options

    output = take_output(given)
    how = Making(output, name, restart, as_json=as_json, csv_safe=csv_safe)
    return make_dataset(run_options(**given, uses_out=output is None), registry_of(ctx), how)
