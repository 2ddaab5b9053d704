"""Copying a run to another place, from there to this machine, or as a run of another name."""

from __future__ import annotations

import os
from shlex import quote

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.printing import echo
from seedbed.errors import UsageError
from seedbed.store import branch_run, run_folder, save_run, take_run
from seedbed.store.copy_index import RunCopy


def copy_run(source: str, target: str) -> ExitStatus:
    """Copy a run to a place or as another run, or a place to a run; raises UsageError for two places."""
    if _is_place(source) and _is_place(target):
        raise UsageError(
            f"'{source}' and '{target}' are both places",
            "copy a run to a place, or a place to a run",
            "a place has a slash: s3://bucket/x, /mnt/disk/x, ./x",
        )
    if not _is_place(source) and not _is_place(target):
        copy = branch_run(kept_run(source), run_folder(target))
        _say(f"copied the run '{source}' to the run '{target}'", copy)
        echo(f"`seedbed run ... --name {quote(target)}` goes on with its answers", err=True)
    elif _is_place(source):
        copy = take_run(source, run_folder(target))
        _say(f"copied '{source}' to the run '{target}'", copy)
        echo("to go on with it, run its command again with the same name", err=True)
    else:
        copy = save_run(kept_run(source), target)
        _say(f"copied the run '{source}' to '{target}'", copy)
        echo(f"elsewhere, `seedbed runs copy {quote(target)} {quote(source)}` brings it back", err=True)
    return ExitStatus.COMPLETE


def _is_place(name: str) -> bool:
    return "/" in name or os.sep in name


def _say(done: str, copy: RunCopy) -> None:
    echo(f"{done}: {copy.rows:,} rows, {copy.answers:,} answers, {copy.bytes / 1e6:,.1f} MB", err=True)
