"""`seedbed plugins`: what is installed, and whether it works."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.groups import Group
from seedbed.cli.policy import policy_options, registry_of

_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group(cls=Group, invoke_without_command=True)
@policy_options
@_as_json
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> int | None:
    """List the installed tasks, steps, LLM backends, engines and observers; nothing is imported."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = as_json
        return None
    from seedbed.cli.plugins.list import list_plugins

    return list_plugins(registry_of(ctx), as_json)


@plugins.command()
@click.argument("name")
@policy_options
@_as_json
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> int:
    """Show one plugin: its owner, purpose, columns and parameters."""
    from seedbed.cli.plugins.show import show_plugin

    return show_plugin(registry_of(ctx), name, as_json or ctx.obj)


@plugins.command()
@click.argument("name", required=False)
@policy_options
@_as_json
@click.pass_context
def check(ctx: click.Context, name: str | None, as_json: bool) -> int:
    """Import each plugin (or NAME) in a process of its own; exit status 1 if one fails."""
    from seedbed.cli.plugins.check import check_plugins

    return check_plugins(registry_of(ctx), name, as_json or ctx.obj)


@plugins.command()
@policy_options
@_as_json
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> int:
    """Name what is wrong with the plugins here, and the interpreter in use; exit status 1 if anything is."""
    from seedbed.cli.plugins.check import examine

    return examine(registry_of(ctx), as_json or ctx.obj)


@plugins.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE.py]...")
@click.option("--run", metavar="NAME", help="Lock what this run has used, not all that is installed.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="LOCKFILE",
    help="File to write; standard output if left out.",
)  # fmt: skip
@policy_options
@click.pass_context
def lock(ctx: click.Context, files: tuple[Path, ...], run: str | None, out: Path | None) -> int:
    """Write a lock file: the distributions and versions that `seedbed run --locked LOCKFILE` takes.

    FILE.py holds classes that are used as PATH.py:CLASS; what it holds now is locked. Nothing is imported.
    """
    from seedbed.cli.plugins.lock import write_lock

    return write_lock(registry_of(ctx), files, run, out)
