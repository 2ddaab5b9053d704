"""`seedbed check`: every mistake of a pipeline file at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedbed.cli.failures import ExitStatus
from seedbed.cli.options import set_option
from seedbed.cli.permissions import permission_options
from seedbed.cli.policy import policy_options, registry_of
from seedbed.cli.terminal.output import kept_stdout
from seedbed.cli.terminal.printing import echo, json_text

if TYPE_CHECKING:
    from seedbed.cli.check.checking import Report


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@set_option
@permission_options
@policy_options
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
@click.pass_context
def check(ctx: click.Context, /, file: Path, settings: tuple[str, ...], as_json: bool, **allowed: Any) -> int:
    """Report every mistake of a pipeline FILE, each with its line and column.

    Makes no call and no row: it reads the file, makes its steps, and looks whether the files that they read
    are there and have the columns that they need.
    """
    from seedbed.cli.check.checking import report_on

    # Plugins are imported here, and may print: standard output is for the report alone.
    with kept_stdout():
        report = report_on(file, settings, registry_of(ctx), allowed)
    if as_json:
        echo(json_text(report.as_json()))
    else:
        _write(report)
    return ExitStatus.USAGE if report.mistakes else ExitStatus.COMPLETE


def _write(report: Report) -> None:
    from seedbed.cli.failures import show

    for one in report.mistakes:
        text = f"{one.text!r}: " if one.text else ""
        echo(f"{report.file}:{one.line}:{one.column}: {text}{one.fact}")
        for line in one.advice:
            echo(f"  {line}")
    if report.mistakes:
        count = len(report.mistakes)
        show(f"'{report.file}' has {count} mistake{'s' if count > 1 else ''}")
    else:
        echo(report.summary)
