"""Uniting the runs of shards."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.printing import echo
from seedbed.store import merge_runs, run_folder


def merge_kept_runs(target: str, names: Sequence[str]) -> ExitStatus:
    """Unite runs in a new one; raises UsageError if they aren't all the shards of one run."""
    merged = merge_runs(run_folder(target), [kept_run(name) for name in names])
    echo(
        f"united {len(names)} shards in the run '{target}': {merged.calls:,} answers, "
        f"{merged.results:,} results",
        err=True,
    )
    echo(
        f"now run the shards' command once more without --shard, with --name {target}: "
        "it puts the rows together from these answers",
        err=True,
    )
    return ExitStatus.COMPLETE
