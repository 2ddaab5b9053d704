"""`seedbed preview`: a few rows, each with its prompt and its answer."""

from __future__ import annotations

from typing import Any

import click

from seedbed.cli.failures import ExitStatus
from seedbed.cli.help import write_help
from seedbed.cli.option_groups import GroupedCommand
from seedbed.cli.options import order_options
from seedbed.cli.policy import registry_of
from seedbed.errors import UsageError


@click.command(cls=GroupedCommand, add_help_option=False)
@click.option("-n", type=int, metavar="N", default=3, show_default=True, help="Rows to make.")
@click.option("--full", is_flag=True, help="Show prompts whole on a terminal, not only what differs.")
@order_options
@click.pass_context
def preview(ctx: click.Context, /, wants_help: bool, as_json: bool, full: bool, **given: Any) -> int:
    """Make a few rows and show each with its prompt and its answer; write no file.

    TASK|FILE and the parameters are the same as for `seedbed run`. On a terminal a prompt that is like an
    earlier one is folded to what differs; piped output and --json have every prompt whole.
    """
    if wants_help:
        write_help(ctx, given["what"], given["llm"])
        return ExitStatus.COMPLETE
    if given["what"] is None:
        raise UsageError("no task given", "name one: seedbed preview TASK --llm BACKEND/MODEL")
    from seedbed.cli.preview.rows import show_preview
    from seedbed.cli.run.planning import run_options

    return show_preview(run_options(**given), registry_of(ctx), as_json=as_json, full=full)
