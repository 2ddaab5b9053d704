"""`seedbed plugins`: what is installed, and if it works."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.completing.offers import complete_plugin
from seedbed.cli.groups import Group
from seedbed.cli.policy import policy_options, registry_of

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Group, invoke_without_command=True)
@policy_options
@_as_json
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> int | None:
    """List the installed tasks, steps, LLM backends and other plugins by purpose, without importing any."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = as_json
        return None
    from seedbed.cli.plugins.list import list_plugins

    return list_plugins(registry_of(ctx), as_json)


@plugins.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@policy_options
@_as_json
@click.pass_context
def search(ctx: click.Context, words: tuple[str, ...], as_json: bool) -> int:
    """Find plugins by what they're for, such as `dpo` or `questions documents`, without importing any.

    Exit status 1 if none is found.
    """
    from seedbed.cli.plugins.search import search_plugins

    return search_plugins(registry_of(ctx), words, as_json or ctx.obj)


@plugins.command()
@click.argument("name", shell_complete=complete_plugin)
@policy_options
@_as_json
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> int:
    """Show one plugin: its package, purpose, columns and parameters."""
    from seedbed.cli.plugins.show import show_plugin

    return show_plugin(registry_of(ctx), name, as_json or ctx.obj)


@plugins.command()
@click.argument("name", required=False, shell_complete=complete_plugin)
@policy_options
@_as_json
@click.pass_context
def check(ctx: click.Context, name: str | None, as_json: bool) -> int:
    """Import each plugin (or NAME) in its own process; exit status 1 if one fails."""
    from seedbed.cli.plugins.check import check_plugins

    return check_plugins(registry_of(ctx), name, as_json or ctx.obj)


@plugins.command()
@policy_options
@_as_json
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> int:
    """Find problems with the plugins and the Python in use; exit status 1 if there are any."""
    from seedbed.cli.plugins.check import examine

    return examine(registry_of(ctx), as_json or ctx.obj)


@plugins.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE.py]...")
@click.option("--run", metavar="NAME", help="Lock only what this run has used.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="LOCKFILE",
    help="File to write; standard output if unset.",
)  # fmt: skip
@policy_options
@click.pass_context
def lock(ctx: click.Context, files: tuple[Path, ...], run: str | None, out: Path | None) -> int:
    """Write a lock file: the packages and versions that `seedbed run --locked LOCKFILE` may use.

    FILE.py is a file whose classes are used as PATH.py:CLASS; its content is locked. Nothing is imported.
    """
    from seedbed.cli.plugins.lock import write_lock

    return write_lock(registry_of(ctx), files, run, out)
