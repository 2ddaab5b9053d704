"""`seedbed view`: the runs in the browser."""

from __future__ import annotations

import click

from seedbed.cli.companions import companion
from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import complete_name, kept_run
from seedbed.cli.terminal.printing import echo
from seedbed.store import runs_folder


@click.command()
@click.argument("name", metavar="[RUN]", required=False, shell_complete=complete_name)
@click.option("--port", type=int, default=0, metavar="N", help="Port to listen on; a free one if unset.")
@click.option("--no-open", is_flag=True, help="Print the link, and don't open a browser.")
def view(name: str | None, port: int, no_open: bool) -> int:
    """Look at runs in the browser: rows, prompts and answers, failures and costs, live.

    The page is for this machine alone, by the link that is printed. Ctrl-C ends it.
    """
    if name is not None:
        kept_run(name)
    viewer = companion("view", "seedbed-view").Viewer(runs_folder(), port)
    link = viewer.link(name)
    echo(link)
    echo("Ctrl-C ends it", err=True)
    if not no_open:
        click.launch(link)
    viewer.serve()
    return ExitStatus.COMPLETE
