"""`seedbed new`: a plugin package that is ready to test and publish."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.groups import Group
from seedbed.cli.policy import registry_of
from seedbed.errors import UsageError

_directory = click.option(
    "--directory", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder to write it to; seedbed-NAME if unset.",
)  # fmt: skip
_author = click.option("--author", default="", metavar="TEXT", help="Author in the licence and the metadata.")


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def new(ctx: click.Context) -> None:
    """Write a plugin package that works, with tests and a workflow for CI."""
    if ctx.invoked_subcommand is None:
        raise UsageError(
            "no kind of plugin given",
            "say what: seedbed new task NAME, or seedbed new llm NAME",
            "or seedbed new step NAME, or seedbed new observer NAME",
            "or seedbed new embedder NAME, or seedbed new format NAME, or seedbed new engine NAME",
        )


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def task(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the task NAME, to be used as `seedbed run NAME`."""
    return _made(ctx, "seedbed.tasks", name, directory, author)


@new.command()
@click.argument("name")
@_directory
@_author
@click.option("--http", is_flag=True, help="For a server with its own HTTP protocol.")
@click.pass_context
def llm(ctx: click.Context, name: str, directory: Path | None, author: str, http: bool) -> int:
    """Write a package with the LLM backend NAME, to be used as `--llm NAME/MODEL`."""
    return _made(ctx, "seedbed.llms", name, directory, author, http)


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def embedder(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the embedder NAME, to be used as NAME/MODEL by steps that compare texts."""
    return _made(ctx, "seedbed.embedders", name, directory, author)


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def step(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the step NAME, to be used in pipelines."""
    return _made(ctx, "seedbed.steps", name, directory, author)


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def observer(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the observer NAME, to be used as `--plugin NAME`."""
    return _made(ctx, "seedbed.observers", name, directory, author)


@new.command(name="format")
@click.argument("name")
@_directory
@_author
@click.pass_context
def format_(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the format NAME, to be used as `-o FILE.NAME`."""
    return _made(ctx, "seedbed.formats", name, directory, author)


@new.command()
@click.argument("name")
@_directory
@_author
@click.pass_context
def engine(ctx: click.Context, name: str, directory: Path | None, author: str) -> int:
    """Write a package with the engine NAME, to be used as `--engine NAME`."""
    return _made(ctx, "seedbed.engines", name, directory, author)


def _made(
    ctx: click.Context, kind: str, name: str, directory: Path | None, author: str, http: bool = False
) -> int:
    from seedbed.cli.new.package import make_package
    from seedbed.plugins.kinds import kind_of
    from seedbed.scaffold.new_package import NewPackage

    return make_package(NewPackage(kind_of(kind), name, author, http), directory, registry_of(ctx))
