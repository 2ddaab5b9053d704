"""Help with the options in groups, by what users want to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import click

from seedbed.cli.groups import Group

_FEW = 10
_WIDEST = 30
_REST = "Other"

_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "What to make": (
            *("n", "input", "columns", "drop", "encoding", "id"),
            *("settings", "seed", "leaf", "shard"),
        ),
        "LLM": (
            *("llm", "concurrency", "requests_per_minute", "tokens_per_minute"),
            *("price_input", "price_output"),
        ),
        "Limits": (
            *("max_cost", "max_tokens", "max_seconds", "max_attempts", "max_failures"),
            *("give_up_after", "stop_if", "quality", "max_bytes_in_flight"),
        ),
        "Runs and resuming": ("name", "restart", "yes"),
        "Output": (
            "out",
            "form",
            "parts",
            "chat_template",
            "split",
            "shard_rows",
            "private",
            "push_every",
            "card",
            "csv_safe",
            "full",
            "as_json",
        ),
        "Plugins": ("plugins", "engine", "allow", "deny", "prefer", "locked"),
        "What a pipeline file may do": ("allow_hosts", "allow_code", "allow_paths", "allow_env"),
    }
)
"""The names of parameters by the title of their group; a command shows the ones that it has."""


class GroupedCommand(click.Command):
    """A command that shows its options in groups if it has many.

    @click.command(cls=GroupedCommand)
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each under the title of its group."""
        write_options(self, ctx, formatter)


class GroupedGroup(Group):
    """A group of commands with a help that lists the commands first, then the options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options, each under the title of its group."""
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter, few=0)


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter, *, few: int = _FEW
) -> None:
    """Write the options of a command, in groups if there are more than a `few`."""
    records = {
        param.name or "": record
        for param in command.get_params(ctx)
        if isinstance(param, click.Option) and (record := param.get_help_record(ctx)) is not None
    }
    groups = dict(_grouped(records)) if len(records) > few else {"Options": list(records.values())}
    # The texts of all groups begin in the same column. On a narrow terminal they go below their option.
    most = min(_WIDEST, formatter.width // 3)
    widest = min(max(len(option) for option, _ in records.values()), most)
    for title, rows in groups.items():
        with formatter.section(title):
            formatter.write_dl([(option.ljust(widest), text) for option, text in rows], col_max=most)


def _grouped(records: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for title, names in _GROUPS.items():
        if rows := [records[name] for name in names if name in records]:
            yield title, rows
    known = {name for names in _GROUPS.values() for name in names}
    if rest := [record for name, record in records.items() if name not in known]:
        yield _REST, rest
