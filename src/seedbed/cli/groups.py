"""A group of commands that suggests the closest one for a misspelt name."""

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
        """Return advice about a word that isn't a command."""
        return ()


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
