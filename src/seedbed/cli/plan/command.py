"""`seedbed plan`: what a run would ask, cost and take, before anything is spent."""

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
    "--probe", type=int, metavar="N",
    help="Pay for the first N rows of the run, and say by them what all will cost.",
)  # fmt: skip
@click.option("--full", is_flag=True, help="Show prompts whole on a terminal, not only what differs.")
@click.option(
    "-o", "--out", cls=OnceOption, several=OTHER_OUTPUTS, metavar="OUT", shell_complete=complete_file,
    help="Where `seedbed run` would write the dataset: its stem is the name of the run.",
)  # fmt: skip
@click.option(
    "--name", metavar="RUN", shell_complete=complete_run,
    help="Name of the run; the stem of OUT, else the task's, unless given.",
)  # fmt: skip
@output_options
@click.option("--push-every", type=int, metavar="N", help="Has no effect on the cost.")
@click.option("--shard", metavar="I/K", help="Plan only the I-th of K parts of the rows.")
@click.option("--restart", is_flag=True, help="Plan to start over: nothing that the run has is used.")
@order_options
@plugin_option
@engine_option
@bound_options
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    wants_help: bool,
    probe: int | None,
    full: bool,
    name: str | None,
    restart: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Say what a run would cost before it starts; without --probe, ask no model and write nothing.

    Takes what `seedbed run` takes: TASK|FILE and all options. The first rows go through the steps with a
    placeholder for each answer; what a run of this name already has isn't counted again.
    """
    if wants_help:
        write_help(ctx, given["what"], given["llm"])
        return ExitStatus.COMPLETE
    if given["what"] is None:
        raise UsageError(
            "nothing to plan", "name a task or a pipeline file: seedbed plan TASK --llm REF -n 100"
        )
    from seedbed.cli.plan.showing import Showing, show_plan
    from seedbed.cli.run.output_options import take_output
    from seedbed.cli.run.planning import run_options

    output = take_output(given)
    # It has no effect on the cost.
    given.pop("csv_safe")
    options = run_options(**given, uses_out=output is None)
    how = Showing(
        name if name is not None else output.name if output is not None else None,
        restart=restart,
        probe=probe,
        as_json=as_json,
        full=full,
    )
    return show_plan(options, registry_of(ctx), how)
