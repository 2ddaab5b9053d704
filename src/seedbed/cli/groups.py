"""A group of commands that suggests the closest one for a misspelt name."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import click

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean

_LONGEST = 200

_MEANT: Mapping[str, str] = MappingProxyType(
    {
        "compare": "diff",
        "cost": "plan",
        "create": "new",
        "delete": "remove",
        "describe": "show",
        "estimate": "plan",
        "generate": "run",
        "info": "show",
        "init": "new",
        "inspect": "show",
        "ls": "list",
        "make": "run",
        "resume": "run",
        "rm": "remove",
        "ui": "view",
        "validate": "check",
    }
)
"""What other programs call what a command does."""


class Group(click.Group):
    """A click group that raises our own error for an unknown command."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Return the context of the arguments; click writes help in here."""
        with _broken_pipes_passing():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        with _broken_pipes_passing():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are defined; click sorts them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments begin with; raise UsageError if there's none."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            raise UsageError(
                f"there is no command '{args[0]}'",
                *(self.hints(args[0]) or _commands_meant(ctx, args[0]) or did_you_mean(args[0], known)),
                f"commands: {', '.join(known)}",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its whole first sentence."""
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(_LONGEST)) for name, command in known if command]
            )

    def hints(self, word: str) -> tuple[str, ...]:
        """Return advice about a word that isn't a command."""
        return ()


def _commands_meant(ctx: click.Context, word: str) -> tuple[str, ...]:
    """Return where a command of this name, or of this meaning, is: here, in a group above or in one below."""
    meant = _MEANT.get(word, word)
    paths = [path for above in _lineage(ctx) for path in _paths(above, meant)]
    return (f"did you mean {' or '.join(f'`{path}`' for path in dict.fromkeys(paths))}?",) if paths else ()


def _lineage(ctx: click.Context) -> Iterator[click.Context]:
    above: click.Context | None = ctx
    while above is not None:
        yield above
        above = above.parent


def _paths(ctx: click.Context, meant: str) -> Iterator[str]:
    assert isinstance(ctx.command, click.Group)
    known = ctx.command.list_commands(ctx)
    if meant in known:
        yield f"{ctx.command_path} {meant}"
        return
    for name in known:
        inner = ctx.command.get_command(ctx, name)
        if isinstance(inner, click.Group) and meant in inner.list_commands(ctx):
            yield f"{ctx.command_path} {name} {meant}"


@contextmanager
def _broken_pipes_passing() -> Iterator[None]:
    """Raise a closed pipe as BrokenPipeError; click makes it a SystemExit, as if a plugin had exited."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        # Without an errno, by which click would recognise it.
        raise BrokenPipeError from error
