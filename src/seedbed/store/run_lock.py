"""The lock that lets one process at a time write a run, and the note that says which process that is."""

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

# Characters of a reason, so that the note fits into the block that its file has: a full disk has no other.
_LONGEST = 1000


class Holder(NamedTuple):
    """The process that writes a run: `since` is ISO 8601 in UTC.

    `stopped` says why it couldn't write the end of its session: the disk was full.
    """

    pid: int
    since: str
    host: str
    stopped: str = ""


class RunLock:
    """The lock `<database>.lock`, held until `release` or the end of the process, however it ends.

    A second file says who holds it: on Windows a locked file can't be read by others.
    """

    def __init__(self, database: Path) -> None:
        # Imported late: it imports asyncio, which takes 20 ms of every command that only reads.
        import filelock

        self._note = _note(database)
        self.former = _read_note(database)
        self._has_stopped = False
        # Not bound to a thread: a garbage-collected store is closed, and its lock released, by another one.
        self._lock = filelock.FileLock(_lock(database), thread_local=False)

    @classmethod
    def acquire(cls, database: Path) -> RunLock:
        """Take the lock, or raise `UsageError` at once, saying who holds it."""
        lock = cls(database)
        with while_opening(database):
            lock._take(database)
            try:
                lock._write_note()
            # Ctrl-C too: a lock that nobody will release blocks the run until the process ends.
            except BaseException:
                lock._lock.release()
                raise
        return lock

    @classmethod
    def check_free(cls, database: Path) -> None:
        """Raise `UsageError` if another process writes the run; writes nothing: the disk may be full."""
        lock = cls(database)
        with while_opening(database):
            lock._take(database)
            lock._lock.release()

    def release(self) -> None:
        """Release the lock."""
        # A note that says why the session stopped is for readers, and stays until the next session.
        if not self._has_stopped:
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def note_stop(self, reason: str) -> None:
        """Write into the note why the session has no end in the database.

        The note is overwritten in place, as a full disk has no room for a new file.
        """
        note = orjson.dumps(_holder()._replace(stopped=reason[:_LONGEST])._asdict())
        with suppress(OSError), self._note.open("r+b") as file:
            file.write(note)
            file.truncate()
            self._has_stopped = True

    def _take(self, database: Path) -> None:
        try:
            self._lock.acquire(blocking=False)
        except TimeoutError as error:
            raise _held(database) from error

    def _write_note(self) -> None:
        holder = _holder()
        # Renamed into place: readers look at any time, and must not find half a note.
        new = self._note.with_name(f"{self._note.name}.new")
        new.write_bytes(orjson.dumps(holder._asdict()))
        new.replace(self._note)


def holder_of(database: Path) -> Holder | None:
    """Return who writes the run now; None if nobody does, or hasn't written the note yet.

    This reads the note and doesn't try the lock: holding it, even briefly, could turn away a process that
    is opening the run.
    """
    holder = _read_note(database)
    return holder if holder and not holder.stopped and _is_alive(holder) else None


def stop_of(database: Path) -> str:
    """Return why the last session couldn't write its end; empty if it could, or was killed."""
    holder = _read_note(database)
    return holder.stopped if holder else ""


def _holder() -> Holder:
    return Holder(os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"), socket.gethostname())


def _is_alive(holder: Holder) -> bool:
    # On Windows `os.kill(pid, 0)` sends Ctrl-C, and another machine's processes are unknown here. The holder
    # counts as alive then; whether the run can be written is for the lock to decide.
    if os.name != "posix" or holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's process, so it exists
        return True
    return True


def _lock(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


def _note(database: Path) -> Path:
    return database.with_name(f"{database.name}.holder")


def _read_note(database: Path) -> Holder | None:
    try:
        return Holder(**orjson.loads(_note(database).read_bytes()))
    # The note only informs, so a broken one, or one with fields of another version, is ignored.
    except (OSError, ValueError, TypeError):
        return None


def _held(database: Path) -> UsageError:
    if not _lock(database).exists():
        return UsageError(
            f"'{_lock(database)}' cannot be created",
            "choose a folder on a local disk where you may create files",
        )
    holder = _read_note(database)
    who = f"process {holder.pid} on {holder.host}, since {holder.since}," if holder else "another process"
    return UsageError(
        f"{who} is writing the run in '{database.parent}'",
        "wait for it to end, or give this run another name",
    )
