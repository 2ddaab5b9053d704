"""`seedbed runs`: the runs on disk, and commands for one of them."""

from __future__ import annotations

from functools import partial
from shlex import quote
from typing import Any

import click

from seedbed.cli.completing.offers import complete_file, complete_run
from seedbed.cli.groups import Group
from seedbed.cli.once import OTHER_OUTPUTS, OnceOption
from seedbed.cli.option_groups import GroupedCommand
from seedbed.cli.options import (
    bound_options,
    concurrency_option,
    engine_option,
    llm_option,
    output_options,
    plugin_option,
    set_option,
)
from seedbed.cli.permissions import permission_options
from seedbed.cli.policy import policy_options, registry_of
from seedbed.cli.runs.rating_commands import calibrate, rate, ratings
from seedbed.cli.runs.run_arguments import as_json_option, run_name
from seedbed.errors import UsageError


class _Runs(Group):
    def hints(self, word: str) -> tuple[str, ...]:
        """Return what the user may have meant by giving the name of a run."""
        from seedbed.store import run_names

        return (f"did you mean `seedbed runs show {quote(word)}`?",) if word in run_names() else ()


@click.group(cls=_Runs, invoke_without_command=True)
@as_json_option
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> int | None:
    """List the runs on disk; show, export, retry, explain, compare or remove one, unite shards.

    Runs are in the folder `runs`, or in the one that the environment variable SEEDBED_RUNS names.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = as_json
        return None
    from seedbed.cli.runs.list import write_runs

    return write_runs(as_json)


@runs.command(name="list")
@as_json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> int:
    """List the runs: outcome, rows, calls, tokens, cost, and the process that is writing one now."""
    from seedbed.cli.runs.list import write_runs

    return write_runs(as_json or ctx.obj)


@runs.command()
@run_name
@as_json_option
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> int:
    """Show one run: its steps, sessions and cost, why rows are missing, and where its dataset is."""
    from seedbed.cli.runs.show import show_run

    return show_run(name, as_json or ctx.obj)


@runs.command()
@run_name
@click.option(
    "-o", "--out", cls=OnceOption, several=OTHER_OUTPUTS, metavar="OUT", shell_complete=complete_file,
    help="File to write: .jsonl, .csv, .parquet or .arrow, or a folder/; standard output if unset.",
)  # fmt: skip
@click.option("--leaf", metavar="STEP", help="Step whose rows to write, if the run ends in several.")
@output_options
@click.option(
    "--model-column", metavar="COLUMN", help="Add a column with this name: the model that made each row."
)
@click.option(
    "--where", metavar="EXPRESSION",
    help="Write only rows for which this holds: score > 3, rating == 'good', score >= threshold.",
)  # fmt: skip
@click.option(
    "--rating-column", metavar="COLUMN", help="Add a column with this name: what most people say of each row."
)
@click.option(
    "--failed", is_flag=True, help="Write the rows that failed, with input, prompts, answers and reason."
)
@click.option("--rejected", is_flag=True, help="Write the rows that were rejected, in the same form.")
def export(
    name: str,
    out: str | None,
    leaf: str | None,
    model_column: str | None,
    csv_safe: bool,
    where: str | None,
    rating_column: str | None,
    failed: bool,
    rejected: bool,
    **how: Any,
) -> int:
    """Write the rows of a run to a file, also while the run is still going.

    --failed and --rejected write the rows that aren't in the dataset instead. --where sees the columns, what
    people say (`rating`, `label`), and the `threshold` that `seedbed runs calibrate` has chosen.
    """
    from seedbed.cli.runs.export import export_refused, export_run

    if failed or rejected:
        if (
            leaf
            or model_column
            or where
            or rating_column
            or any(value not in (None, ()) for value in how.values())
        ):
            raise UsageError(
                "--failed and --rejected write rows that aren't in the dataset",
                "leave out --leaf, --where, --form, --column, --split, --shard-rows, --model-column and "
                "--rating-column",
            )
        return export_refused(name, out, failed=failed, rejected=rejected, csv_safe=csv_safe)
    return export_run(
        name,
        out,
        leaf,
        how,
        csv_safe=csv_safe,
        model_column=model_column,
        where=where,
        rating_column=rating_column,
    )


@runs.command()
@run_name
@click.argument("address", metavar="ADDRESS")
@click.option("--leaf", metavar="STEP", help="Step whose rows to upload, if the run ends in several.")
@output_options
def push(name: str, address: str, csv_safe: bool, leaf: str | None, **how: Any) -> int:
    """Upload the rows of a run, with a card, to an address such as hf://USER/NAME.

    The dataset there is replaced as a whole; files that it has already aren't sent again.
    """
    from seedbed.cli.runs.push import push_run

    return push_run(name, address, leaf, how, csv_safe=csv_safe)


@runs.command()
@run_name
@click.option("--leaf", metavar="STEP", help="Step whose rows the card is about, if the run ends in several.")
@click.option("--title", metavar="TEXT", help="Title of the card; the name of the run if unset.")
def card(name: str, leaf: str | None, title: str | None) -> int:
    """Print the card of a run's dataset: what it is, and how it was made."""
    from seedbed.cli.runs.push import write_card

    return write_card(name, leaf, title)


@runs.command(cls=GroupedCommand)
@run_name
@llm_option
@set_option
@concurrency_option
@permission_options
@plugin_option
@engine_option
@bound_options
@click.option(
    "--yes", is_flag=True, help="Don't ask before recomputing all rows if code or files have changed."
)
@policy_options
@as_json_option
@click.pass_context
def retry(ctx: click.Context, /, name: str, as_json: bool, yes: bool, **given: Any) -> int:
    """Retry the failed rows of a run, and write its dataset.

    The run has the options that it was started with; those given here replace them. With --llm or --set the
    failed rows are retried with another model or other parameters; all other rows stay.
    """
    from seedbed.cli.runs.retry import retry_run

    return retry_run(name, partial(registry_of, ctx), given, yes=yes, as_json=as_json or ctx.obj)


@runs.command()
@run_name
@click.argument("row", required=False)
@click.option(
    "--line", type=int, metavar="N", help="Explain the row in line N of the dataset, counted from 1."
)
@click.option("--full", is_flag=True, help="Show long texts whole on a terminal.")
@as_json_option
@click.pass_context
def explain(
    ctx: click.Context, name: str, row: str | None, line: int | None, full: bool, as_json: bool
) -> int:
    """Show how a row was made: where it comes from, its prompts, answers and changes, and its end.

    ROW is an id (`7`, `7/1`), or a row of the input by file and line (`questions.jsonl:7`). Without ROW, show
    why rows are missing.
    """
    from seedbed.cli.runs.explain import explain_row, explain_run

    if row is not None and line is not None:
        raise UsageError("a row and a line are given", "leave out one of them")
    if row is None and line is None:
        return explain_run(name, as_json or ctx.obj)
    return explain_row(name, row or "", line, machine=as_json or ctx.obj, full=full)


@runs.command()
@click.argument("first", shell_complete=complete_run)
@click.argument("second", shell_complete=complete_run)
@click.option(
    "--rows", type=click.IntRange(min=0), metavar="N", default=10, show_default=True,
    help="Show up to N rows of each kind; all are counted.",
)  # fmt: skip
@click.option("--leaf", metavar="STEP", help="Step whose rows to compare, if the runs end in several.")
@as_json_option
@click.pass_context
def diff(ctx: click.Context, first: str, second: str, rows: int, leaf: str | None, as_json: bool) -> int:
    """Show what differs between two runs: settings, prompts, versions, counts, rows, tokens and cost.

    Rows are matched by id: the index of a generated row, the content of a row of the input.
    """
    from seedbed.cli.runs.diff import diff_kept_runs

    return diff_kept_runs(first, second, rows, leaf, machine=as_json or ctx.obj)


@runs.command()
@click.argument("out")
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_run)
def merge(out: str, names: tuple[str, ...]) -> int:
    """Unite the runs of all shards (`run --shard I/K`) in a new run OUT, as if one run had made them.

    Afterwards, the command without --shard and with --name OUT puts the rows together; it buys nothing that
    the shards have.
    """
    from seedbed.cli.runs.merge import merge_kept_runs

    return merge_kept_runs(out, names)


@runs.command()
@click.argument("source", metavar="FROM", shell_complete=complete_run)
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> int:
    """Copy a run under another name, to a place such as s3://bucket/x or /mnt/disk/x, or from there.

    With the copy of a run, a changed prompt can be compared with the old one, and only requests that
    changed cost money. A run may be copied while it goes on: the copy has what was durable at one moment.
    In a place, an older copy of the same run is replaced. A bucket needs `pip install 'seedbed[remote]'`,
    and s3fs, gcsfs, ...
    """
    from seedbed.cli.runs.copy import copy_run

    return copy_run(source, target)


@runs.command()
@run_name
@click.option("--yes", is_flag=True, help="Don't ask.")
def remove(name: str, yes: bool) -> int:
    """Remove a run, after asking; its dataset file stays."""
    from seedbed.cli.runs.remove import remove_kept_run

    return remove_kept_run(name, yes)


for _command in (rate, ratings, calibrate):
    runs.add_command(_command)
