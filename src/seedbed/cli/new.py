"""`seedbed new`: a plugin package, ready to test and to publish."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.groups import Group
from seedbed.cli.policy import registry_of
from seedbed.errors import UsageError

_directory = click.option(
    "--directory", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder to write it to; seedbed-NAME unless given.",
)  # fmt: skip
_author = click.option("--author", default="", metavar="TEXT", help="Whom the licence and the metadata name.")


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def new(ctx: click.Context) -> None:
    """Write a plugin package: a task or an LLM backend that works, with its tests and its workflow."""
    if ctx.invoked_subcommand is None:
        raise UsageError("nothing to make", "say what: seedbed new task NAME, or seedbed new llm NAME")


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def task(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the task NAME, which its users run as `seedbed run NAME`."""
    from seedbed.cli.scaffolding import make_package
    from seedbed.plugins.kinds import PluginKind

    return make_package(PluginKind.TASK, name, directory, author, registry_of(ctx))


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def llm(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the LLM backend NAME, which its users refer to as NAME/MODEL."""
    from seedbed.cli.scaffolding import make_package
    from seedbed.plugins.kinds import PluginKind

    return make_package(PluginKind.LLM, name, directory, author, registry_of(ctx))
