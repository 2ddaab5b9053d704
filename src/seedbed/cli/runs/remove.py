"""Removing a run."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.facts_in_words import FactsInWords, facts_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.asking import is_agreed
from seedbed.cli.terminal.printing import echo
from seedbed.counts import count_of
from seedbed.errors import UsageError
from seedbed.store import remove_run, run_entry


def remove_kept_run(name: str, yes: bool) -> ExitStatus:
    """Remove a run after asking; raises UsageError if it's being written, or without a terminal to ask on."""
    facts = facts_of(run_entry(kept_run(name)))
    if facts.error:
        folder = quote(str(facts.entry.folder))
        raise UsageError(facts.error.fact, f"to remove it anyway: rm -r {folder}") from facts.error
    if (link := facts.entry.folder).is_symlink():
        # The run may have other names as well, so one of them must not remove it.
        raise UsageError(
            f"'{link}' is a link to '{link.resolve()}'",
            f"to remove only the link: rm {quote(str(link))}",
            f"to remove the run: rm -r {quote(str(link.resolve()))}",
        )
    if holder := facts.entry.holder:
        raise UsageError(
            f"{facts.holder_text()} is writing the run '{name}'", f"stop it first: kill {holder.pid}"
        )
    if not is_agreed(f"this removes the run '{name}' for good: {_holds(facts)}", "remove it?", yes):
        echo("nothing was removed", err=True)
        return ExitStatus.COMPLETE
    remove_run(facts.entry.folder)
    dataset = f"; {facts.out} is still there" if facts.out and Path(facts.out).exists() else ""
    echo(f"removed the run '{name}'{dataset}", err=True)
    return ExitStatus.COMPLETE


def _holds(facts: FactsInWords) -> str:
    return ", ".join([count_of(facts.accepted, "row"), *facts.spent_texts()])
