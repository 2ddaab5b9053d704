"""What `seedbed` alone shows: three commands to begin with, then all commands in groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seedbed.cli.terminal.printing import Painted, echo

FIRST_RUN = "seedbed run qa-pairs --llm llamacpp/smollm2-135m -n 8 -o qa.jsonl"

_FIRST: Mapping[str, str] = MappingProxyType(
    {
        FIRST_RUN: "make 8 rows with a small model inside the process: no key, no server",
        "seedbed preview qa-pairs --llm llamacpp/smollm2-135m -n 2": "look at prompts and answers of 2 rows",
        "seedbed plugins": "list the tasks, LLM backends and other plugins installed here",
    }
)


def write_start(groups: Mapping[str, Mapping[str, str]]) -> None:
    """Write the page; `groups` holds what each command does by its name, under the title of its group."""
    echo("Seedbed makes datasets with language models: a task says what a row is, an LLM")
    echo("writes it, and both are pip-installed plugins that you refer to by name.")
    echo("\nThree commands to begin with:\n")
    # Never wrapped: a command is there to be copied.
    for command, purpose in _FIRST.items():
        echo("  ", Painted(command, bold=True))
        echo(f"      {purpose}")
    width = max(len(name) for commands in groups.values() for name in commands)
    for title, commands in groups.items():
        echo(f"\n{title}:")
        for name, purpose in commands.items():
            echo("  ", Painted(name.ljust(width), bold=True), f"  {purpose}")
    echo("\n`seedbed COMMAND --help` shows what a command takes.")
