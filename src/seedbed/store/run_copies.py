"""Copies of runs under another name, or in another place: a bucket, or a folder on another disk.

A copy is a few files and an index that names them with their digests. The index is written last, so whoever
reads finds a whole copy: the newest one, or the one before it.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from seedbed.errors import UsageError
from seedbed.store.atomic_replace import hidden_beside, sweep
from seedbed.store.copied_ratings import check_ratings
from seedbed.store.copy_index import CopiedFile, RunCopy
from seedbed.store.copy_place import CopyPlace
from seedbed.store.ratings.ratings_file import RATINGS
from seedbed.store.run_connection import connect
from seedbed.store.run_errors import while_opening
from seedbed.store.run_file import DATABASE, TIMELINE, check, open_for_reading
from seedbed.store.run_folders import is_run
from seedbed.store.run_reader import RunReader

_COPYING = "copying"


def save_run(folder: Path, address: str) -> RunCopy:
    """Copy a run to a place, also while another process writes it; replace an older copy of the same run.

        save_run(Path("runs/questions"), "s3://bucket/runs/questions")

    Only what is durable is copied. Raises UsageError if there's no such run, if something else is in that
    place, if the copy there has more than the run, or if the place can't be written. The copy that was there
    then stays as it is.
    """
    check(folder / DATABASE)
    place = CopyPlace.of(address)
    with while_opening(folder), _snapshot_of(folder) as made:
        copy = _indexed(folder.name, made)
        with place.failing("written"):
            earlier = place.read_index()
            if earlier is not None:
                _check_ancestor(copy, earlier, address)
                with TemporaryDirectory(dir=made) as fetched:
                    check_ratings(made, Path(fetched), earlier, place)
            elif strangers := place.strangers():
                raise UsageError(
                    f"'{address}' has other files: {strangers[0]}",
                    "name a folder of its own for the copy of a run",
                )
            place.send(made, copy, earlier)
        place.forget_all_but(copy)
    return copy


def take_run(address: str, folder: Path) -> RunCopy:
    """Bring the copy of a run to this machine, as a run that can be read and resumed.

        take_run("s3://bucket/runs/questions", Path("runs/questions"))

    Raises UsageError if the folder is there already, if there's no copy at the address, or if it isn't whole.
    """
    _check_free(folder)
    place = CopyPlace.of(address)
    with place.failing("read"):
        copy = place.read_index()
    if copy is None:
        raise UsageError(
            f"there is no copy of a run at '{address}'", "`seedbed runs copy RUN PLACE` makes one"
        )
    with while_opening(folder), _made_whole(folder) as making:
        for file in copy.files:
            place.fetch(file, making)
    return copy


def branch_run(folder: Path, other: Path) -> RunCopy:
    """Copy a run as another run of this machine, with all answers, also while another process writes it.

        branch_run(Path("runs/questions"), Path("runs/shorter"))

    Raises UsageError if there's no such run, or if the other one is there already.
    """
    check(folder / DATABASE)
    _check_free(other)
    with while_opening(folder), _snapshot_of(folder) as made:
        copy = _indexed(folder.name, made)
        with _made_whole(other) as making:
            for file in copy.files:
                shutil.move(made / file.name, making / file.name)
    return copy


def _check_free(folder: Path) -> None:
    """Raise UsageError unless a run can be made in a folder."""
    if folder.is_file():
        raise UsageError(f"'{folder}' is a file", "give the copy another name, or move the file away")
    if folder.exists() and (is_run(folder) or any(folder.iterdir())):
        raise UsageError(
            f"there is a run '{folder.name}' already", "give the copy another name, or remove that run first"
        )


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """Yield a folder for the files of a run; it's renamed when they're whole, and removed if they aren't."""
    # A name of its own: another process may be making a run of the same name. Whoever is first has it.
    making = hidden_beside(folder)
    # After a kill, the same command works again.
    sweep(folder)
    making.mkdir(parents=True)
    try:
        yield making
        RunReader.open(making).close()
        try:
            making.replace(folder)
        except OSError:
            _check_free(folder)
            raise
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


@contextmanager
def _snapshot_of(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder with the files of a run as they are now."""
    with ExitStack() as stack:
        try:
            # Next to the run, since the system's own temporary folder may be small, or in memory.
            made = hidden_beside(folder.parent / _COPYING)
            # Those of copies that were killed are as large as their runs.
            sweep(folder.parent / _COPYING)
            stack.callback(shutil.rmtree, made, ignore_errors=True)
            made.mkdir(mode=0o700)
            _snapshot(folder, made)
        except (OSError, sqlite3.OperationalError):
            # A disk that is full or read-only is one that a run is copied away from.
            stack.close()
            made = Path(stack.enter_context(TemporaryDirectory(prefix="seedbed-")))
            _snapshot(folder, made)
        yield made


def _snapshot(folder: Path, made: Path) -> None:
    """Copy the files of a run as they are at one moment each, whoever writes them."""
    source = open_for_reading(folder / DATABASE)
    try:
        _back_up(source, made / DATABASE)
    finally:
        source.close()
    if (folder / RATINGS).is_file():
        source = connect(folder / RATINGS, "rw")
        try:
            _back_up(source, made / RATINGS)
        finally:
            source.close()
    if (folder / TIMELINE).is_file():
        shutil.copyfile(folder / TIMELINE, made / TIMELINE)


def _back_up(source: sqlite3.Connection, target: Path) -> None:
    # In one step, which holds one read transaction: in several, each commit of the writer begins it again.
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()


def _indexed(name: str, made: Path) -> RunCopy:
    """Return the index of the files in a folder."""
    with RunReader.open(made) as reader:
        sessions = reader.sessions()
        if not sessions:
            raise UsageError(f"the run '{name}' has made nothing", "run it first")
        first = orjson.dumps([sessions[0].started, sessions[0].manifest], option=orjson.OPT_SORT_KEYS)
        leaf = sessions[-1].manifest.get("leaf", "")
        answers = reader.count_calls()
        rows = reader.count_verdicts(leaf)["accepted"]
    there = [path for name in (DATABASE, RATINGS, TIMELINE) if (path := made / name).is_file()]
    return RunCopy(
        name=name,
        run=hashlib.sha256(first).hexdigest(),
        sessions=[session.started for session in sessions],
        answers=answers,
        rows=rows,
        files=[CopiedFile.of(path) for path in there],
    )


def _check_ancestor(copy: RunCopy, earlier: RunCopy, address: str) -> None:
    """Raise UsageError unless the copy that is there was made of this run, and has nothing that it lacks."""
    if copy.run != earlier.run:
        raise UsageError(
            f"'{address}' has a copy of another run, '{earlier.name}'", "name another place for this one"
        )
    if copy.sessions[: len(earlier.sessions)] != earlier.sessions or copy.answers < earlier.answers:
        raise UsageError(
            f"the run in '{address}' was continued elsewhere: it has {len(earlier.sessions)} sessions and "
            f"{earlier.answers:,} answers, and this one {len(copy.sessions)} and {copy.answers:,}",
            "copy this one to another place",
        )
