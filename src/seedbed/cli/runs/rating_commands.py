"""`seedbed runs rate`, `ratings` and `calibrate`."""

from __future__ import annotations

from shlex import quote

import click

from seedbed.cli.runs.run_arguments import as_json_option, run_name
from seedbed.errors import UsageError


@click.command()
@run_name
@click.argument("row", required=False)
@click.argument("rating", required=False)
@click.option("--line", type=int, metavar="N", help="Rate the row in line N of the dataset, counted from 1.")
@click.option("--rater", metavar="NAME", help="Who says so; the name of the user if unset.")
@click.option("--label", metavar="WORD", help="A word of your own, such as off-topic; empty to remove it.")
@click.option("--note", metavar="TEXT", help="Free text; empty to remove it.")
@click.option("--leaf", metavar="STEP", help="Step whose row it is, if the run ends in several.")
def rate(
    name: str,
    row: str | None,
    rating: str | None,
    line: int | None,
    rater: str | None,
    label: str | None,
    note: str | None,
    leaf: str | None,
) -> int:
    """Say whether a row of the dataset is `good` or `bad`, label it, or add a note.

    What isn't given stays as the same rater said before. The ratings are kept next to the run.
    """
    from seedbed.cli.runs.rate import rate_row

    if line is not None and rating is not None:
        raise UsageError("a row and a line are given", "leave out one of them")
    if line is not None:
        # There's no ROW then: what stands in its place is the rating.
        rating = row
    where = row if line is None else line
    if where is None:
        raise UsageError("no row is named", f"seedbed runs rate {quote(name)} ROW good, or --line N good")
    return rate_row(name, where, leaf, rater, {"rating": rating, "label": label, "note": note})


@click.command()
@run_name
@click.option("--leaf", metavar="STEP", help="Step whose rows they're of, if the run ends in several.")
@as_json_option
@click.pass_context
def ratings(ctx: click.Context, name: str, leaf: str | None, as_json: bool) -> int:
    """Show what people say about the rows of a run, and how far they agree."""
    from seedbed.cli.runs.rate import write_ratings

    return write_ratings(name, leaf, as_json or ctx.obj)


@click.command()
@run_name
@click.option(
    "--score", required=True, metavar="EXPRESSION",
    help="The judge's score: a column, or an expression with a number, true, false, or 'good' and 'bad'.",
)  # fmt: skip
@click.option(
    "--rater", "raters", multiple=True, metavar="NAME", help="Use this rater's ratings alone; repeatable."
)
@click.option(
    "--precision", type=float, metavar="SHARE",
    help="Choose the lowest threshold above which so many rows are good: 0.95; else that of the best kappa.",
)  # fmt: skip
@click.option("--leaf", metavar="STEP", help="Step whose rows are rated, if the run ends in several.")
@as_json_option
@click.pass_context
def calibrate(
    ctx: click.Context,
    name: str,
    score: str,
    raters: tuple[str, ...],
    precision: float | None,
    leaf: str | None,
    as_json: bool,
) -> int:
    """Choose the threshold at which a judge's score parts good rows from bad ones, by people's ratings.

    The threshold is kept with the run, for `seedbed runs export --where 'score >= threshold'`.
    """
    from seedbed.cli.runs.rate import calibrate_run

    return calibrate_run(name, leaf, score, raters, precision, as_json=as_json or ctx.obj)
