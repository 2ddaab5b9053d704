"""Copies of runs in another place: a bucket, or a folder on another disk.

A copy is a few files and an index that names them with their digests. The index is written last, so whoever
reads finds a whole copy: the newest one, or the one before it.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from seedbed.errors import UsageError
from seedbed.store.copy_index import FORMAT, CopiedFile, RunCopy, digest_of
from seedbed.store.ratings.ratings_file import RATINGS
from seedbed.store.run_connection import connect
from seedbed.store.run_errors import while_opening
from seedbed.store.run_file import DATABASE, TIMELINE, check, open_for_reading
from seedbed.store.run_folders import is_run
from seedbed.store.run_reader import RunReader
from seedbed.tasks.remote_systems import file_system, unreadable

INDEX = "seedbed-run.json"
"""The name of the index in the place of a copy."""


class _Place(NamedTuple):
    """Where a copy is: as the user wrote it, its file system, and the path in that."""

    address: str
    system: Any
    path: str

    @classmethod
    def of(cls, address: str) -> _Place:
        return cls(address, *file_system(address))

    def file(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"


def save_run(folder: Path, address: str) -> RunCopy:
    """Copy a run to a place, also while another process writes it; replace an older copy of the same run.

        save_run(Path("runs/questions"), "s3://bucket/runs/questions")

    Only what is durable is copied. Raises UsageError if there's no such run, if something else is in that
    place, if the copy there has more than the run, or if the place can't be written. The copy that was there
    then stays as it is.
    """
    check(folder / DATABASE)
    place = _Place.of(address)
    with while_opening(folder), tempfile.TemporaryDirectory(prefix=".copying-", dir=folder.parent) as made:
        _snapshot(folder, Path(made))
        copy = _indexed(folder.name, Path(made))
        try:
            earlier = _index(place)
            if earlier is not None:
                _check_newer(copy, earlier, place.address)
            elif place.system.exists(place.path) and place.system.ls(place.path):
                raise UsageError(
                    f"'{address}' has other files", "name a folder of its own for the copy of a run"
                )
            _send(Path(made), copy, place)
            _forget(earlier, copy, place)
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - each file system has errors of its own
            raise unreadable(address, error, "written") from None
    return copy


def take_run(address: str, folder: Path) -> RunCopy:
    """Bring the copy of a run to this machine, as a run that can be read and resumed.

        take_run("s3://bucket/runs/questions", Path("runs/questions"))

    Raises UsageError if the folder is there already, if there's no copy at the address, or if it isn't whole.
    """
    if folder.exists() and (is_run(folder) or any(folder.iterdir())):
        raise UsageError(
            f"there is a run '{folder.name}' already", "give the copy another name, or remove that run first"
        )
    place = _Place.of(address)
    try:
        copy = _index(place)
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        raise unreadable(address, error) from None
    if copy is None:
        raise UsageError(
            f"there is no copy of a run at '{address}'", "`seedbed runs copy RUN PLACE` makes one"
        )
    # Under another name first, and renamed when it's whole: after a kill, the same command works again.
    making = folder.with_name(f".{folder.name}.taking")
    with while_opening(folder):
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        for file in copy.files:
            _fetch(file, making / file.name, place)
        RunReader.open(making).close()
        making.replace(folder)
    return copy


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
        sessions=len(sessions),
        answers=answers,
        rows=rows,
        files=[CopiedFile.of(path) for path in there],
    )


def _index(place: _Place) -> RunCopy | None:
    """Return the index of the copy in a place; None if there's none."""
    try:
        content = place.system.cat_file(place.file(INDEX))
    except FileNotFoundError:
        return None
    try:
        found = RunCopy.model_validate_json(content)
    except ValidationError as error:
        raise UsageError(
            f"'{place.address}' has an index '{INDEX}' that cannot be read: {error.errors()[0]['msg']}",
            "it's damaged, or of a newer Seedbed; copy the run to another place",
        ) from None
    if found.format > FORMAT:
        raise UsageError(
            f"the copy at '{place.address}' was made by a newer version of Seedbed",
            "pip install --upgrade seedbed",
        )
    return found


def _check_newer(copy: RunCopy, earlier: RunCopy, address: str) -> None:
    if copy.run != earlier.run:
        raise UsageError(
            f"'{address}' has a copy of another run, '{earlier.name}'", "name another place for this one"
        )
    for what in ("sessions", "answers"):
        here, there = getattr(copy, what), getattr(earlier, what)
        if there > here:
            raise UsageError(
                f"the copy at '{address}' has more than this run: {there:,} {what}, and {here:,} here",
                "the run was continued elsewhere; copy this one to another place",
            )


def _send(made: Path, copy: RunCopy, place: _Place) -> None:
    place.system.makedirs(place.path, exist_ok=True)
    for file in copy.files:
        place.system.put_file(str(made / file.name), place.file(file.kept_as))
    # In a transaction of fsspec, which makes a file appear whole also where writing isn't atomic.
    with place.system.transaction, place.system.open(place.file(INDEX), "wb") as index:
        index.write(copy.model_dump_json(indent=2).encode())


def _forget(earlier: RunCopy | None, copy: RunCopy, place: _Place) -> None:
    """Remove the files of the copy before this one."""
    names = {file.kept_as for file in copy.files}
    old: Sequence[CopiedFile] = earlier.files if earlier is not None else ()
    for file in old:
        if file.kept_as not in names and place.system.exists(place.file(file.kept_as)):
            place.system.rm_file(place.file(file.kept_as))


def _fetch(file: CopiedFile, target: Path, place: _Place) -> None:
    try:
        place.system.get_file(place.file(file.kept_as), str(target))
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        raise unreadable(place.address, error) from None
    if target.stat().st_size != file.bytes or digest_of(target) != file.sha256:
        raise UsageError(
            f"'{file.name}' of the copy at '{place.address}' isn't whole",
            "copy the run there again; nothing has been written here",
        )
