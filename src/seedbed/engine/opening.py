"""Where runs are kept, and whose they are."""

from __future__ import annotations

import os
from pathlib import Path

from seedbed.engine.plan import Plan
from seedbed.errors import UsageError
from seedbed.store import RunStore, set_aside
from seedbed.store.run_file import DATABASE

VARIABLE = "SEEDBED_RUNS"


def runs_folder() -> Path:
    """Return the folder that runs are kept in: SEEDBED_RUNS, else `runs` in the working directory."""
    return Path(os.environ.get(VARIABLE) or "runs")


def run_folder(name: str) -> Path:
    """Return the folder of a run; raise UsageError for a name that is none."""
    if not name.strip() or name.startswith(".") or any(mark in name for mark in "/\\\0"):
        raise UsageError(f"'{name}' is no name of a run", "use letters, digits, '-' and '_'")
    return runs_folder() / name


def open_store(plan: Plan, name: str | None, *, restart: bool = False) -> RunStore:
    """Open the store of a run, or one that lasts as long as it is used where the run has no name.

    With `restart`, what was there is set aside, if anything was. Raises UsageError where another process
    works on it, and where it is another task's.
    """
    if name is None:
        return RunStore.open(ephemeral=True)
    folder = run_folder(name)
    if restart and (folder / DATABASE).exists():
        set_aside(folder)
    store = RunStore.open(folder)
    try:
        _check_owner(store, plan, name)
    except UsageError:
        store.close()
        raise
    return store


def _check_owner(store: RunStore, plan: Plan, name: str) -> None:
    last = store.last_session()
    if last is not None and last.manifest.get("task") != plan.name:
        raise UsageError(
            f"the run '{name}' is one of '{last.manifest.get('task')}', not of '{plan.name}'",
            "give this one a name of its own: --name NAME on the command, name='NAME' in Python",
            "or begin it anew with --restart, which keeps the old one aside",
        )
