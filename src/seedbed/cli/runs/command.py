"""`seedbed runs`: the runs that are kept, and what can be done with each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

import click

from seedbed.cli.groups import Group
from seedbed.cli.runs.kept_runs import complete_name
from seedbed.cli.option_groups import GroupedCommand
from seedbed.cli.options import (
    allow_code_option,
    allow_host_option,
    bound_options,
    concurrency_option,
    csv_safe_option,
    engine_option,
    llm_option,
    plugin_option,
    set_option,
)
from seedbed.cli.policy import policy_options, registry_of
from seedbed.errors import UsageError

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


def _name(command: _Decorated) -> _Decorated:
    return click.argument("name", shell_complete=complete_name)(command)


class _Runs(Group):
    def hints(self, word: str) -> tuple[str, ...]:
        """Return what somebody may have meant who gave the name of a run."""
        from seedbed.store import run_names

        return (f"did you mean `seedbed runs show {quote(word)}`?",) if word in run_names() else ()


@click.group(cls=_Runs, invoke_without_command=True)
@_as_json
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> int | None:
    """List the runs that are kept; show, export, retry, explain or remove one.

    Runs are kept in the folder `runs`, or in the one that SEEDBED_RUNS names.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = as_json
        return None
    from seedbed.cli.runs.list import write_runs

    return write_runs(as_json)


@runs.command(name="list")
@_as_json
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> int:
    """List the runs: rows, calls, tokens, cost, and who works on them now."""
    from seedbed.cli.runs.list import write_runs

    return write_runs(as_json or ctx.obj)


@runs.command()
@_name
@_as_json
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> int:
    """Show one run: what ran, each session, why rows are missing, where the dataset is."""
    from seedbed.cli.runs.show import show_run

    return show_run(name, as_json or ctx.obj)


@runs.command()
@_name
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="FILE",
    help="File to write: .jsonl, .csv, .parquet or .arrow; JSON lines on standard output if left out.",
)  # fmt: skip
@csv_safe_option
@click.option("--leaf", metavar="STEP", help="Step whose rows are wanted, where a run ends in several.")
@click.option("--as", "form", metavar="FORM", help="Form that trainers read: chat, sharegpt or alpaca.")
@click.option(
    "--column", "columns", metavar="PART=COLUMN", multiple=True,
    help="Column of a part of that form: system, prompt, input, completion or messages (repeatable).",
)  # fmt: skip
@click.option(
    "--model-column", metavar="COLUMN", help="Add a column of this name: the model that made each row."
)
@click.option("--failed", is_flag=True, help="Write the rows that failed, with what they came of and why.")
@click.option("--rejected", is_flag=True, help="Write the rows that were rejected, likewise.")
def export(
    name: str,
    out: Path | None,
    csv_safe: bool,
    leaf: str | None,
    form: str | None,
    columns: tuple[str, ...],
    model_column: str | None,
    failed: bool,
    rejected: bool,
) -> int:
    """Write the rows of a run to a file, also while it goes on.

    With --failed, --rejected or both, those that are not in the dataset: input, prompts, answers and reason.
    """
    from seedbed.cli.runs.export import export_refused, export_run

    if failed or rejected:
        if leaf or form or columns or model_column:
            raise UsageError(
                "--failed and --rejected write rows that are not in the dataset",
                "leave out --leaf, --as, --column and --model-column",
            )
        return export_refused(name, out, failed=failed, rejected=rejected, csv_safe=csv_safe)
    return export_run(name, out, leaf, form, columns, csv_safe=csv_safe, model_column=model_column)


@runs.command(cls=GroupedCommand)
@_name
@llm_option
@set_option
@concurrency_option
@allow_host_option
@allow_code_option
@plugin_option
@engine_option
@bound_options
@click.option("--yes", is_flag=True, help="Make all rows again where code or files have changed, too.")
@policy_options
@_as_json
@click.pass_context
def retry(ctx: click.Context, /, name: str, as_json: bool, yes: bool, **given: Any) -> int:
    """Ask the failed rows of a run again, and write its dataset.

    What the run was asked for is known; options that are given take the place of those. With --llm or --set,
    the failed rows are asked of another model or with other parameters, and the rest stays.
    """
    from seedbed.cli.runs.retry import retry_run

    return retry_run(name, partial(registry_of, ctx), given, yes=yes, as_json=as_json or ctx.obj)


@runs.command()
@_name
@click.argument("row", required=False)
@click.option("--line", type=int, metavar="N", help="The row in line N of the dataset, from 1.")
@_as_json
@click.pass_context
def explain(ctx: click.Context, name: str, row: str | None, line: int | None, as_json: bool) -> int:
    """Show how a row came about: steps, answers, verdict; without ROW, why rows are missing."""
    from seedbed.cli.runs.explain import explain_row, explain_run

    if row is not None and line is not None:
        raise UsageError("a row and a line are given", "leave out one of them")
    if row is None and line is None:
        return explain_run(name, as_json or ctx.obj)
    return explain_row(name, row, line, as_json or ctx.obj)


@runs.command()
@_name
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> int:
    """Remove a run, after asking; its dataset stays."""
    from seedbed.cli.runs.remove import remove_kept_run

    return remove_kept_run(name, yes)
