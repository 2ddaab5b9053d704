"""The lock that lets one process at a time write a run, and the note that says which."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from seedbed.errors import UsageError
from seedbed.store.run_errors import while_opening

_LONGEST = 1000


class Holder(NamedTuple):
    """The process that writes a run: `since` is ISO 8601 in UTC.

    `stopped` says why it could not write the end of its session: the disk was full.
    """

    pid: int
    since: str
    host: str
    stopped: str = ""


class RunLock:
    """The lock `<database>.lock`, held until `release` or the end of the process, however it ends.

    The note about its holder stands beside it, as a locked file cannot be read on every system.
    """

    def __init__(self, database: Path) -> None:
        import filelock  # it brings asyncio with it, for 20 ms

        self._note = _note(database)
        self.former = _read_note(database)
        self._has_stopped = False
        # Not bound to a thread: whoever closes the store may release it.
        self._lock = filelock.FileLock(_lock(database), thread_local=False)

    @classmethod
    def acquire(cls, database: Path) -> RunLock:
        """Take the lock, or raise `UsageError` at once, which says who holds it."""
        lock = cls(database)
        with while_opening(database):
            try:
                lock._lock.acquire(blocking=False)
            except TimeoutError as error:
                raise _held(database) from error
            try:
                lock._write_note()
            except BaseException:
                lock._lock.release()
                raise
        return lock

    def release(self) -> None:
        """Give the lock back."""
        if not self._has_stopped:
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def note_stop(self, reason: str) -> None:
        """Leave a note that says why the session has no end in its database.

        It's written over the note that is there: a full disk has room for nothing new.
        """
        note = orjson.dumps(_holder()._replace(stopped=reason[:_LONGEST])._asdict())
        with suppress(OSError), self._note.open("r+b") as file:
            file.write(note)
            file.truncate()
            self._has_stopped = True

    def _write_note(self) -> None:
        holder = _holder()
        new = self._note.with_name(f"{self._note.name}.new")
        new.write_bytes(orjson.dumps(holder._asdict()))
        new.replace(self._note)


def holder_of(database: Path) -> Holder | None:
    """Return who writes the run now, None where nobody does (or nobody has said so yet).

    Asks the note and not the lock: trying the lock could turn away a process that opens the run.
    """
    holder = _read_note(database)
    return holder if holder and not holder.stopped and _is_alive(holder) else None


def stop_of(database: Path) -> str:
    """Return why the last session could not write its end, empty where it could or was killed."""
    holder = _read_note(database)
    return holder.stopped if holder else ""


def _holder() -> Holder:
    return Holder(os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"), socket.gethostname())


def _is_alive(holder: Holder) -> bool:
    if os.name != "posix" or holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lock(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


def _note(database: Path) -> Path:
    return database.with_name(f"{database.name}.holder")


def _read_note(database: Path) -> Holder | None:
    try:
        return Holder(**orjson.loads(_note(database).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _held(database: Path) -> UsageError:
    if not _lock(database).exists():
        return UsageError(
            f"'{_lock(database)}' cannot be made", "choose a folder on a local disk where you may make files"
        )
    holder = _read_note(database)
    who = f"process {holder.pid} on {holder.host}, since {holder.since}," if holder else "another process"
    return UsageError(
        f"{who} is writing the run in '{database.parent}'",
        "wait for it to end, or give this run another name",
    )
