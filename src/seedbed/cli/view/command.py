"""`seedbed view`: the runs in the browser."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import click

from seedbed.cli.companions import companion
from seedbed.cli.completing.offers import complete_run
from seedbed.cli.failures import ExitStatus
from seedbed.cli.policy import registry_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.printing import echo
from seedbed.errors import DatasetError, UsageError
from seedbed.store import runs_folder
from seedbed.store.atomic_replace import replacing


@click.command()
@click.argument("name", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option("--port", type=int, default=0, metavar="N", help="Port to listen on; a free one if unset.")
@click.option("--no-open", is_flag=True, help="Print the link, and don't open a browser.")
@click.option(
    "--share", type=click.Path(path_type=Path), metavar="FILE.html",
    help="Write a page of RUN that stands alone, to be mailed, and serve nothing.",
)  # fmt: skip
@click.pass_context
def view(ctx: click.Context, /, name: str | None, port: int, no_open: bool, share: Path | None) -> int:
    """Look at runs in the browser: rows, prompts and answers, failures and costs, live.

    The page is for this machine alone, by the link that is printed. Ctrl-C ends it.
    """
    if share is not None:
        write_shared(name, share)
        return ExitStatus.COMPLETE
    if name is not None:
        kept_run(name)
    from seedbed.cli.runs.kept_plans import kept_plan

    viewer = companion("view", "seedbed-view").Viewer(
        runs_folder(), port, plan_of=partial(kept_plan, registry_with=partial(registry_of, ctx))
    )
    link = viewer.link(name)
    echo(link)
    echo("Ctrl-C ends it", err=True)
    if not no_open and _has_screen():
        click.launch(link)
    viewer.serve()
    return ExitStatus.COMPLETE


def _has_screen() -> bool:
    """Return whether a browser can be opened; without a screen, xdg-open only complains."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))


def write_shared(name: str | None, out: Path) -> None:
    """Write the page of a run to a file; raises UsageError and DatasetError."""
    if name is None:
        raise UsageError("--share writes the page of one run", f"seedbed view RUN --share {out}")
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"a page can't be written as '{out.name}'", "name a file .html")
    page = companion("view", "seedbed-view").shared_page(kept_run(name))
    try:
        with replacing(out) as made:
            made.write_text(page, encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"'{out}' can't be written: {error.strerror or error}") from error
    echo(f"the page is in {out}; it has prompts and answers of the run", err=True)
