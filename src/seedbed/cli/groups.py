"""A group of commands that answers a misspelt one with the nearest."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean

_LONGEST = 200


class Group(click.Group):
    """A click group whose error for an unknown command is one of ours."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Return what the arguments say; help is written here."""
        with _broken_pipes_passing():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        with _broken_pipes_passing():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are written down."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments begin with; raise UsageError where there is none."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            raise UsageError(
                f"there is no command '{args[0]}'",
                *self.hints(args[0]),
                *did_you_mean(args[0], known),
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
        """Return advice for a word that is no command."""
        return ()


@contextmanager
def _broken_pipes_passing() -> Iterator[None]:
    """Have output that nobody reads told from code that ends the process: click makes no difference."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        # Without a number click lets it pass.
        raise BrokenPipeError from error
