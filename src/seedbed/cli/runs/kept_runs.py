"""The runs on disk, by name."""

from __future__ import annotations

from pathlib import Path

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean


def kept_run(name: str) -> Path:
    """Return the folder of the run called `name`; raise UsageError if there's none."""
    from seedbed.store import is_run, run_folder, run_names, runs_folder

    folder = run_folder(name)
    if not is_run(folder):
        raise UsageError(
            f"there is no run '{name}' in '{runs_folder()}'",
            *did_you_mean(name, run_names()),
            "`seedbed runs` lists the runs",
        )
    return folder
