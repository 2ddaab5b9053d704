"""`--help` of `run` and `preview`: the options, then the parameters of the task and LLM that are named."""

from __future__ import annotations

import click

from seedbed.cli.policy import registry_of
from seedbed.cli.terminal.printing import echo


def write_help(ctx: click.Context, what: str | None, llm: str | None) -> None:
    """Write the help of the command, and of `what` and `llm` if they are given."""
    formatter = ctx.make_formatter()
    if what is None and llm is None:
        ctx.command.format_help(ctx, formatter)
    else:
        _write_about(ctx, formatter, what, llm)
    echo(formatter.getvalue().rstrip())


def _write_about(
    ctx: click.Context, formatter: click.HelpFormatter, what: str | None, llm: str | None
) -> None:
    from seedbed.cli.plugins.description import describe, write_parameters, write_text
    from seedbed.cli.run.planning import step_class_of
    from seedbed.cli.terminal.output import kept_stdout
    from seedbed.llm.llm import llm_class
    from seedbed.pipeline.file_names import is_pipeline_file

    registry = registry_of(ctx)
    known: dict[str, type] = {}
    # Plugins are imported here, and may print: the help is to be all of standard output.
    with kept_stdout():
        if what is not None and not is_pipeline_file(what):
            known[what] = step_class_of(what, registry)
        if llm is not None:
            known[llm] = llm_class(llm, registry=registry)[0]
        descriptions = {name: describe(cls) for name, cls in known.items()}
    ctx.command.format_usage(ctx, formatter)
    if not known:
        ctx.command.format_options(ctx, formatter)
    for number, (name, description) in enumerate(descriptions.items()):
        write_text(description, formatter)
        if number == 0:
            ctx.command.format_options(ctx, formatter)
        write_parameters(description, formatter, name)
