"""The folders of runs: finding, listing, setting aside and removing them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from seedbed.errors import SeedbedError, UsageError
from seedbed.store.ratings.ratings_file import RATINGS
from seedbed.store.run_errors import while_opening
from seedbed.store.run_file import DATABASE, check, require
from seedbed.store.run_lock import Holder, RunLock, holder_of
from seedbed.store.run_reader import RunReader
from seedbed.store.run_values import SessionRecord

# Bytes: file systems allow 255 for a name.
_LONGEST = 240

VARIABLE = "SEEDBED_RUNS"
"""The environment variable with the folder of all runs."""


class RunEntry(NamedTuple):
    """One run in a list: `holder` is the process that writes it now, `error` says why it can't be read."""

    name: str
    folder: Path
    session: SessionRecord | None
    holder: Holder | None
    error: SeedbedError | None


def runs_folder() -> Path:
    """Return the folder of all runs: SEEDBED_RUNS, else `runs` in the working directory."""
    return Path(os.environ.get(VARIABLE) or "runs")


def run_folder(name: str) -> Path:
    """Return the folder of a run; raise UsageError if the name can't be one."""
    if not name.strip() or name.startswith(".") or any(mark in name for mark in "/\\\0"):
        raise UsageError(f"'{name}' isn't a name for a run", "use letters, digits, '-' and '_'")
    # With room for `.1` and the like: earlier runs of the same name are set aside under such names.
    if len(name.encode(errors="surrogateescape")) > _LONGEST:
        raise UsageError(f"'{name}' is too long for the name of a run", f"use {_LONGEST} characters or fewer")
    return runs_folder() / name


def is_run(folder: Path) -> bool:
    """Whether a folder has the database of a run, damaged or not; then what opens it says what's wrong."""
    return (folder / DATABASE).exists()


def run_names() -> list[str]:
    """Return the names of all runs."""
    return sorted(folder.name for folder in _folders(runs_folder()))


def list_runs(root: Path) -> list[RunEntry]:
    """Return the runs in the folders of `root`, by name; one that can't be read has its error."""
    with while_opening(root):
        if root.exists() and not root.is_dir():
            raise UsageError(f"'{root}' is a file, not a folder of runs", f"set {VARIABLE} to a folder")
        folders = sorted(_folders(root))
    return [run_entry(folder) for folder in folders]


def _folders(root: Path) -> Iterator[Path]:
    # Not those that begin with a dot: a merge or a copy is made there, or was when it was killed.
    return (found.parent for found in root.glob(f"[!.]*/{DATABASE}"))


def run_entry(folder: Path) -> RunEntry:
    """Return the entry for the run in a folder."""
    try:
        holder = holder_of(folder / DATABASE)
        with RunReader.open(folder) as reader:
            return RunEntry(folder.name, folder, reader.last_session(), holder, None)
    except SeedbedError as error:
        return RunEntry(folder.name, folder, None, None, error)


def set_aside(folder: Path) -> Path:
    """Rename the folder of a run to the first free one of `<name>.1`, `<name>.2`, ...; return the new folder.

    Raises `UsageError` if another process writes the run, or the folder can't be renamed.
    """
    with while_opening(folder):
        require(folder / DATABASE)
        _make_sure_that_nobody_writes(folder)
        target = next(path for n in count(1) if not (path := folder.with_name(f"{folder.name}.{n}")).exists())
        return folder.rename(target)


def remove_run(folder: Path) -> None:
    """Remove the files of a run, and its folder if nothing else is in it.

    Raises `UsageError` if there's no run, another process writes it, or it can't be removed.
    """
    with while_opening(folder):
        check(folder / DATABASE)
        _make_sure_that_nobody_writes(folder)
        # The database goes last. Until then the folder counts as a run, so an interrupted removal can be
        # repeated.
        for path in (*folder.glob(f"{RATINGS}*"), *sorted(folder.glob(f"{DATABASE}*"), reverse=True)):
            path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def remove_remains(folder: Path) -> None:
    """Remove what is left in a folder where the database of a run couldn't be made, as on a full disk.

    Raises `UsageError` if another process is making it.
    """
    if not folder.is_dir() or is_run(folder):
        return
    with while_opening(folder):
        _make_sure_that_nobody_writes(folder)
        for path in folder.glob(f"{DATABASE}*"):
            path.unlink()


def _make_sure_that_nobody_writes(folder: Path) -> None:
    # The lock is released again: on Windows a locked file can be neither moved nor removed.
    RunLock.check_free(folder / DATABASE)
