"""`seedbed run`: a dataset from a task or a pipeline file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seedbed.cli.failures import ExitStatus
from seedbed.cli.help import write_help
from seedbed.cli.options import order_options
from seedbed.cli.policy import registry_of
from seedbed.errors import UsageError


@click.command(add_help_option=False)
@click.option("-n", type=int, metavar="N", help="Rows to make; needed where a task makes rows without end.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="OUT",
    help="File of the dataset: .jsonl, .csv, .parquet, .arrow, .hf; else JSON lines on standard output.",
)  # fmt: skip
@click.option(
    "--name", metavar="RUN", help="Name of the run; the stem of OUT, else the task's, unless given."
)
@order_options
@click.pass_context
def run(ctx: click.Context, /, wants_help: bool, out: Path | None, as_json: bool, **given: Any) -> int:
    """Make a dataset with a task or a pipeline file.

    TASK is a registered name (`seedbed plugins` lists them) or PATH.py:CLASS; FILE ends in .yaml, .yml
    or .json. `seedbed run TASK --help` shows the task's own parameters.
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
    from seedbed.cli.making import make_dataset

    return make_dataset(registry_of(ctx), out=out, as_json=as_json, **given)
