"""What the shell offers after Tab: names of plugins, read from metadata, so that nothing is imported."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, shell_complete

from seedbed.cli.completing.registered_names import registered_names
from seedbed.errors import SeedbedError

VARIABLE = "_SEEDBED_COMPLETE"
"""The variable that asks for completion, as click names it; its value says how, such as `bash_source`."""

# They're part of Seedbed, and no plugins.
_BUILT_IN_LLMS = ("fallback", "pool")

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def answer_shell(command: click.Command, instruction: str) -> int:
    """Print what a shell asked for, its script or what fits the words typed, and return the exit status."""
    from seedbed.cli.completing.shells import use_our_scripts

    use_our_scripts()
    try:
        return shell_complete(command, {}, "seedbed", VARIABLE, instruction)
    except (click.ClickException, SeedbedError, OSError):
        # A line that isn't right yet gets no offers. An error would be written into the line being typed.
        return 0


def complete_what(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the tasks and steps that begin with what was typed, or else let the shell offer files."""
    return _names(incomplete, "tasks", "steps") or complete_file(_, __, incomplete)


def complete_llm(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the LLM backends that begin with what was typed, each with the slash that a model follows."""
    built_in = [CompletionItem(name) for name in _BUILT_IN_LLMS if name.startswith(incomplete)]
    return [*built_in, *(CompletionItem(f"{item.value}/") for item in _names(incomplete, "llms"))]


def complete_embedder(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the embedders' backends that begin with what was typed, each with the slash before a model."""
    return [CompletionItem(f"{item.value}/") for item in _names(incomplete, "embedders")]


def complete_file(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell offer files, for an option that also takes patterns or addresses."""
    return [CompletionItem(incomplete, type="file")]


def complete_plugin(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the plugins of every kind that begin with what was typed."""
    return _names(incomplete, "tasks", "steps", "llms", "embedders", "formats", "observers", "engines")


def complete_kind(kind: str) -> Offer:
    """Return an offer of the plugins of one kind, such as "engines"."""
    return lambda _, __, incomplete: _names(incomplete, kind)


def complete_form(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the trainers' forms that begin with what was typed."""
    from seedbed.store.training_forms import FORMS

    return [CompletionItem(name) for name in FORMS if name.startswith(incomplete)]


def complete_run(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of the runs that begin with what was typed, the newest first."""
    # Importing the store to list them would take as long as all else that is imported.
    found = Path(os.environ.get("SEEDBED_RUNS") or "runs").glob("[!.]*/run.db")
    newest = sorted(found, key=_changed, reverse=True)
    names = (path.parent.name for path in newest)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        # It was removed meanwhile.
        return 0.0


def complete_setting(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the fields that --set can set of the task, the steps and the LLM that the line names."""
    from seedbed.cli.completing.settable import offered_settings

    return offered_settings(ctx, incomplete)


def _names(incomplete: str, *kinds: str) -> list[CompletionItem]:
    """Return the registered names of these kinds that begin with what was typed."""
    return [CompletionItem(name) for name in registered_names(*kinds) if name.startswith(incomplete)]
