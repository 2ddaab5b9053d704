"""The files that steps read while they work: a run keeps their digests, so that a later session sees changes.

Files that parameters name are known in advance, and are part of a step's fingerprint. Which other files a
step reads is known only once it has read them: each is kept with the digest of its content. If one has
changed by the next session, the step's fingerprint changes from then on. Its rows are made again, and only
calls whose requests change are paid for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from seedbed.engine.plan import Plan
from seedbed.engine.resume.fingerprint import digest
from seedbed.engine.resume.stand_ins import record_stand_in, standing_fingerprint
from seedbed.errors import UsageError
from seedbed.store import Result, RunStore
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.files import content_digest

_RACY = 2 * 10**9
"""Nanoseconds: a file that was written so shortly before it was read may be written again within one tick of
its file system's clock, and keep the same times."""
# FAT, the coarsest, ticks every two seconds.

_CHANGED = b"changed"
"""Kept for a file that changed while a session read it; equals no digest of any content."""


class StepFiles(NamedTuple):
    """A step's fingerprint, the files that it read in earlier sessions, and those that changed since."""

    fingerprint: bytes
    known: Mapping[str, Result]
    changed: Mapping[str, Result]
    salt: bytes

    @classmethod
    def of(cls, step: BaseStep, seed: int, kept: RunQueries, *, retrying: bool = False) -> StepFiles:
        """Check the files that a run keeps for a step."""
        known = {result.row: result for result in kept.results_of(_kept_as(step))}
        now = {name: _result(_kept_as(step), name, result) for name, result in known.items()}
        changed = {name: result for name, result in now.items() if result.key != known[name].key}
        stored = kept.get_mark(_kept_as(step))
        salt = stored if isinstance(stored, bytes) else b""
        # Changes add up in a salt. A digest of all files read so far would change when a step reads one for
        # the first time, so the second session would make the rows of the first again.
        if changed:
            parts = (part for name in sorted(changed) for part in (name.encode(), changed[name].key))
            salt = digest(salt, *parts)
        own = standing_fingerprint(step, seed, kept, retrying=retrying)
        return cls(digest(own, salt) if salt else own, {**known, **now}, changed, salt)


def fingerprints_of(plan: Plan, kept: RunQueries, *, retrying: bool = False) -> dict[str, bytes]:
    """Return the fingerprint of each step of a plan, including the files that it is known to have read."""
    return {
        step.name: StepFiles.of(step, plan.seed, kept, retrying=retrying).fingerprint for step in plan.steps
    }


def record_files(plan: Plan, store: RunStore, *, retrying: bool = False) -> dict[str, bytes]:
    """Keep the files that steps read from now on; return what `fingerprints_of` returns."""
    fingerprints = {}
    for step in plan.steps:
        files = StepFiles.of(step, plan.seed, store, retrying=retrying)
        fingerprints[step.name] = files.fingerprint
        for result in files.changed.values():
            store.add_result(result)
        if files.changed:
            store.set_mark(_kept_as(step), files.salt)
        if retrying:
            record_stand_in(step, plan.seed, store)
        step.note_reads(FileRecord(step, store, files.known))
    return fingerprints


class FileRecord:
    """Notes the files that a step reads, on any thread; each is kept before the rows made with it."""

    def __init__(self, step: BaseStep, store: RunStore, known: Mapping[str, Result]) -> None:
        # Not the step, which holds this record: without a cycle a run is freed as soon as it's dropped.
        self._kept_as = _kept_as(step)
        self._store = store
        self._known = dict(known)
        self._lock = threading.Lock()

    def __call__(self, path: Path) -> None:
        """Note a file that is about to be read."""
        with self._lock:
            # Digested before the step reads it: a change in between is then seen in the next session, while a
            # digest taken afterwards would hide it.
            before = self._known.get(str(path))
            now = _result(self._kept_as, str(path), before)
            self._known[str(path)] = now
            if before is None or _tells_more(now, before):
                is_same = before is None or before.key == now.key
                self._store.add_result(now if is_same else now._replace(key=_CHANGED))

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # A step that is pickled for another process leaves its record behind: it holds the store and a lock.
        return type(None), ()


def _kept_as(step: BaseStep) -> str:
    return f"{step.name} files"


def _result(kept_as: str, name: str, before: Result | None) -> Result:
    """Return what is kept of a file: its digest, and the times that show it unchanged without reading it."""
    times = _times(name)
    if before is not None and before.key != _CHANGED and _is_sure(before) and _seen(before)[:-1] == times:
        return before
    # Taken before the digest, which may take seconds: a file that was just written would look old enough.
    noted = time.time_ns()
    try:
        key = content_digest(Path(name))
    except UsageError:
        # The step gets the error itself when it reads the file; here it's only another content.
        key = b"unreadable"
    return Result(kept_as, name, key, 0, "done", orjson.dumps([*times, noted]))


def _is_sure(kept: Result) -> bool:
    """Whether equal times mean equal content: the file hadn't just been written."""
    *times, noted = _seen(kept)
    return len(times) > 1 and max(times[1:3]) + _RACY < noted


def _tells_more(now: Result, before: Result) -> bool:
    return now.key != before.key or _seen(now)[:-1] != _seen(before)[:-1] or _is_sure(now) > _is_sure(before)


def _seen(kept: Result) -> list[int]:
    """Return a file's size, times and inode, and when they were noted."""
    seen: list[int] = orjson.loads(kept.data)
    return seen


def _times(name: str) -> list[int]:
    """Return a file's size, times and inode; an empty list for a folder or a missing file."""
    path = Path(name)
    if not path.is_file():
        return []
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
