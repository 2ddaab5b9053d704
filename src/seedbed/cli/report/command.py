"""`seedbed report`: what the rows of a run are like, and what they took."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.completing.offers import complete_embedder, complete_run
from seedbed.cli.failures import ExitStatus
from seedbed.cli.policy import policy_options, registry_of


@click.command()
@click.argument("name", metavar="RUN", shell_complete=complete_run)
@click.option(
    "-o", "--out", "outs", type=click.Path(path_type=Path), metavar="FILE", multiple=True,
    help="File to write (repeatable): .html with plots, .md or .json; a summary is printed if unset.",
)  # fmt: skip
@click.option("--leaf", metavar="STEP", help="Step whose rows are reported, if the run ends in several.")
@click.option(
    "--embedder", metavar="BACKEND/MODEL", shell_complete=complete_embedder,
    help="Find typical and odd rows by this embedder, among 1,000; by TF-IDF if unset.",
)  # fmt: skip
@click.option(
    "--tokenizer", metavar="NAME",
    help="Count tokens by an encoding of tiktoken, or a tokenizer.json; estimated if unset.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@policy_options
@click.pass_context
def report(
    ctx: click.Context,
    /,
    name: str,
    outs: tuple[Path, ...],
    leaf: str | None,
    embedder: str | None,
    tokenizer: str | None,
    as_json: bool,
) -> int:
    """Report on the rows of a RUN: lengths, diversity, duplicates, balance, scores, languages, cost.

    Calls no model, unless an --embedder is named, and works while the run goes on.
    """
    from seedbed.cli.report.writing import write_report

    write_report(
        name,
        outs,
        registry_of(ctx),
        leaf=leaf,
        embedder=embedder,
        tokenizer=tokenizer,
        as_json=as_json,
    )
    return ExitStatus.COMPLETE
