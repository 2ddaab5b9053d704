"""The root of the command, whose subcommands are imported when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from seedbed.cli.option_groups import GroupedGroup
from seedbed.cli.policy import policy_options
from seedbed.cli.start import FIRST_RUN, write_start
from seedbed.cli.terminal.printing import colour

_GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Datasets": {
            "run": "Make a dataset with a task or a pipeline file.",
            "preview": "Show a few rows, each with its prompt and its answer.",
            "plan": "Say what a run would cost before it starts: calls, tokens, time.",
            "runs": "List kept runs; show, export, retry, explain or rate one.",
            "report": "Report on a run: lengths, duplicates, balance, scores, cost.",
            "view": "Look at runs in the browser: rows, prompts, answers, failures, costs.",
        },
        "Plugins": {
            "plugins": "List what is installed, check it, lock its versions.",
            "new": "Write a plugin package that is ready to test and publish.",
        },
        "Pipeline files": {
            "check": "Report every mistake of a pipeline file at once.",
            "graph": "Draw the steps of a pipeline file.",
            "schema": "Print the JSON Schema of pipeline files, for editors.",
        },
    }
)
_COMMANDS = {name: purpose for commands in _GROUPS.values() for name, purpose in commands.items()}


class _LazyGroup(GroupedGroup):
    """Finds the command NAME as `NAME` in `seedbed.cli.NAME.command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"seedbed.cli.{cmd_name}.command"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Click leaves a paragraph that begins with \b alone: a command that is broken in two can't be copied.
    epilog=f"\b\nFor example:\n  {FIRST_RUN}",
)
@policy_options
@click.version_option(package_name="seedbed", message="%(prog)s %(version)s")
@click.pass_context
def seedbed(ctx: click.Context) -> None:
    """Make datasets with language models, from tasks and LLMs that are pip-installed plugins."""
    ctx.color = colour()
    if ctx.invoked_subcommand is None:
        write_start(_GROUPS)
