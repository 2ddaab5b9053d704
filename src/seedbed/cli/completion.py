"""What the shell offers after Tab: names of plugins, read from metadata, so that nothing is imported."""

from __future__ import annotations

from importlib.metadata import entry_points

import click
from click.shell_completion import CompletionItem, shell_complete

from seedbed.errors import SeedbedError

VARIABLE = "_SEEDBED_COMPLETE"
"""The variable that asks for completion, as click names it; its value says how, such as `bash_source`."""


def answer_shell(command: click.Command, instruction: str) -> int:
    """Print what a shell asked for, its script or what fits the words typed, and return the exit status."""
    try:
        return shell_complete(command, {}, "seedbed", VARIABLE, instruction)
    except (click.ClickException, SeedbedError):
        # A line that isn't right yet gets no offers. An error would be written into the line being typed.
        return 0


def complete_what(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the tasks and steps that begin with what was typed, or else let the shell offer files."""
    return _names(incomplete, "tasks", "steps") or complete_file(_, __, incomplete)


def complete_llm(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the LLM backends that begin with what was typed, each with the slash that a model follows."""
    return [CompletionItem(f"{item.value}/") for item in _names(incomplete, "llms")]


def complete_embedder(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the embedders' backends that begin with what was typed, each with the slash before a model."""
    return [CompletionItem(f"{item.value}/") for item in _names(incomplete, "embedders")]


def complete_file(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell offer files, for an option that also takes patterns or addresses."""
    return [CompletionItem(incomplete, type="file")]


def complete_plugin(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the plugins of every kind that begin with what was typed."""
    return _names(incomplete, "tasks", "steps", "llms", "embedders", "formats", "observers", "engines")


def _names(incomplete: str, *kinds: str) -> list[CompletionItem]:
    """Return the registered names of these kinds that begin with what was typed."""
    found = {point.name for kind in kinds for point in entry_points(group=f"seedbed.{kind}")}
    return [CompletionItem(name) for name in sorted(found) if name.startswith(incomplete)]
