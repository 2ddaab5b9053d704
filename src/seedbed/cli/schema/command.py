"""`seedbed schema`: the JSON Schema of pipeline files."""

from __future__ import annotations

import click

from seedbed.cli.failures import ExitStatus
from seedbed.cli.policy import policy_options, registry_of
from seedbed.cli.terminal.output import kept_stdout
from seedbed.cli.terminal.printing import echo, json_text


@click.command()
@policy_options
@click.pass_context
def schema(ctx: click.Context) -> int:
    """Print the JSON Schema of pipeline files, including the installed tasks and steps."""
    from seedbed.pipeline.schema import pipeline_schema

    # Plugins are imported here, and may print: standard output is for the schema alone.
    with kept_stdout():
        found = pipeline_schema(registry_of(ctx))
    echo(json_text(found))
    return ExitStatus.COMPLETE
