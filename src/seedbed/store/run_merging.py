"""Unites the stores of shards: their answers and results, as if one run had made them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from seedbed.errors import UsageError
from seedbed.store.run_errors import while_opening
from seedbed.store.run_file import DATABASE, check
from seedbed.store.run_folders import is_run
from seedbed.store.run_lock import RunLock
from seedbed.store.run_reader import RunReader
from seedbed.store.run_store import RunStore
from seedbed.store.run_values import SessionRecord

_MARKS = (
    # What shards' prompts have in common. How far each had got isn't how far the united run has got.
    "INSERT OR IGNORE INTO marks SELECT * FROM shard.marks"
    " WHERE name NOT IN ('checkpoint', 'finished', 'summary', 'quality', 'counts')"
)

_OF_SESSIONS = frozenset({"accepted", "calls", "step_seconds"})
"""What a session's summary says of the session alone, whatever became of the run."""

AT_A_TIME = 20_000
"""Rows of one transaction."""
# A shard in one transaction would be in the write-ahead log as a whole: as large again as its database.


class Merged(NamedTuple):
    """What was united: how many answers and results, and the manifest that the shards share."""

    calls: int
    results: int
    manifest: Mapping[str, Any]


def merge_runs(target: Path, folders: Sequence[Path]) -> Merged:
    """Unite the runs of all shards in a new folder; the verdicts are left to the next session there.

        merge_runs(Path("runs/all"), [Path("runs/part-1"), Path("runs/part-2")])

    Raises UsageError if the folder is a run, if the runs aren't the shards 1 to K of one run, each once, or
    if they were made with other steps, parameters, models or numbers of rows. The shards stay as they are.
    """
    if target.exists() and (target.is_file() or is_run(target) or any(target.iterdir())):
        raise UsageError(f"'{target}' exists already", "give the united run another name, or remove it first")
    manifests = [_manifest(folder) for folder in folders]
    _check_shards(folders, manifests)
    for folder, manifest in zip(folders[1:], manifests[1:], strict=True):
        _check_alike(folders[0], manifests[0], folder, manifest)
    # Under another name first, and renamed when it's complete: after a kill, the same command works again.
    making = target.with_name(f".{target.name}.merging")
    with while_opening(target), ExitStack() as locks:
        # All of them until the end: nobody else writes a shard meanwhile, and a second merge, which would
        # begin by removing what this one has made, is refused.
        for folder in folders:
            locks.callback(RunLock.acquire(folder / DATABASE).release)
        shutil.rmtree(making, ignore_errors=True)
        try:
            counts = _unite(making, folders)
            making.replace(target)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    return Merged(*counts, manifests[0])


def _manifest(folder: Path) -> dict[str, Any]:
    check(folder / DATABASE)
    with RunReader.open(folder) as reader:
        session = reader.last_working_session()
    if session is None:
        raise UsageError(f"the run in '{folder}' has made nothing", "run its shard first")
    return dict(session.manifest)


def _check_shards(folders: Sequence[Path], manifests: Sequence[Mapping[str, Any]]) -> None:
    found: dict[str, Path] = {}
    for folder, manifest in zip(folders, manifests, strict=True):
        shard = manifest.get("shard")
        if not isinstance(shard, str):
            raise UsageError(
                f"the run in '{folder}' is not a shard",
                "its rows were made without --shard (shard= in Python)",
            )
        if shard in found:
            raise UsageError(
                f"'{folder}' and '{found[shard]}' are both the shard {shard}", "leave out one of them"
            )
        found[shard] = folder
    counts = sorted({int(shard.partition("/")[2]) for shard in found})
    if len(counts) > 1:
        shards = ", ".join(f"'{folder}' is {shard}" for shard, folder in found.items())
        raise UsageError(f"these runs were cut into different numbers of shards: {shards}")
    missing = [f"{k}/{counts[0]}" for k in range(1, counts[0] + 1) if f"{k}/{counts[0]}" not in found]
    if missing:
        raise UsageError(
            f"not all shards are there; missing: {', '.join(missing)}",
            f"make what is missing: --shard {missing[0]} (shard='{missing[0]}' in Python), and merge again",
        )


def _check_alike(first: Path, wanted: Mapping[str, Any], folder: Path, manifest: Mapping[str, Any]) -> None:
    for name in ("task", "n", "seed", "leaf", "ways", "reading", "id"):
        if manifest.get(name) != wanted.get(name):
            raise _unlike(first, folder, name, wanted.get(name), manifest.get(name))
    ours, theirs = ({step["name"]: step for step in one["steps"]} for one in (wanted, manifest))
    if [*ours] != [*theirs]:
        raise _unlike(first, folder, "steps", ", ".join(ours), ", ".join(theirs))
    for name, step in ours.items():
        if step["fingerprint"] == theirs[name]["fingerprint"]:
            continue
        fields, other = step.get("fields", {}), theirs[name].get("fields", {})
        # The code, or the content of a file, if no field shows it.
        field = next((key for key in fields if fields[key] != other.get(key)), None)
        if field is None:
            raise _unlike(first, folder, f"the code or files of step '{name}'", "one version", "another")
        raise _unlike(first, folder, f"{name}.{field}", fields[field], other.get(field))


def _unlike(first: Path, folder: Path, what: str, wanted: object, found: object) -> UsageError:
    return UsageError(
        f"'{folder}' and '{first}' differ in {what}: {_short(found)} and {_short(wanted)}",
        "rows of different configurations don't make one run; make the odd shard again",
    )


def _short(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= 80 else f"{text[:77]}..."


def _unite(making: Path, folders: Sequence[Path]) -> tuple[int, int]:
    with RunStore.open(making):
        # Makes the tables.
        pass
    connection = sqlite3.connect(making / DATABASE, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        for folder in folders:
            with RunReader.open(folder) as reader:
                sessions = reader.sessions()
            _copy(connection, folder / DATABASE, sessions)
        calls, results = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("calls", "results")
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    return calls, results


def _copy(connection: sqlite3.Connection, shard: Path, sessions: Sequence[SessionRecord]) -> None:
    connection.execute("ATTACH ? AS shard", [str(shard)])
    for table in ("calls", "results"):
        last = connection.execute(f"SELECT ifnull(max(rowid), 0) FROM shard.{table}").fetchone()[0]
        for first in range(0, last, AT_A_TIME):
            connection.execute(
                f"INSERT OR IGNORE INTO {table} SELECT * FROM shard.{table} WHERE rowid > ? AND rowid <= ?",
                [first, first + AT_A_TIME],
            )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_MARKS)
    _copy_sessions(connection, sessions)
    connection.execute("COMMIT")
    connection.execute("DETACH shard")


def _copy_sessions(connection: sqlite3.Connection, sessions: Sequence[SessionRecord]) -> None:
    """Copy the sessions, which say what was spent, under new numbers and not as a shard's."""
    columns = "started, ended, seconds, outcome, manifest, summary"
    for one in sessions:
        # The files have the shard's rows: they aren't those of the united run, and no session of it may
        # replace them.
        told = {name: value for name, value in one.manifest.items() if name not in ("shard", "outputs")}
        told["wanted"] = told.get("n")
        if told.get("order"):
            told["order"] = {**told["order"], "out": None}
        # A session without a summary counts as killed: its calls would be those of all shards.
        summary = {name: value for name, value in (one.summary or {}).items() if name in _OF_SESSIONS}
        # The shard may be complete, but the run isn't: the rows aren't put together yet.
        connection.execute(
            f"INSERT INTO sessions ({columns}) VALUES (?, ?, ?, 'interrupted', ?, ?)",
            [one.started, one.ended, one.seconds, *(orjson.dumps(part).decode() for part in (told, summary))],
        )
