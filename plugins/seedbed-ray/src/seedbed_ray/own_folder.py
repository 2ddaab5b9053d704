"""The folder of a Ray that is started here, and those that killed runs have left."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "seedbed-ray-"
_LOCK = "in-use"
# Not in TMPDIR: the paths of sockets in there may have 107 bytes, and most are Ray's own.
_ROOT = Path("/tmp")


class OwnFolder:
    """A new folder, `path`, which is locked until this process ends.

    The system lets go of the lock, however the process ends. A process number would say less: another process
    may have it by then, or be in another container that shares the folder.
    """

    def __init__(self, root: Path = _ROOT) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        # Renamed when it's locked: otherwise another start could lock it first, and remove the folder.
        new = self.path / f"{_LOCK}.new"
        self._lock = os.open(new, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        new.rename(self.path / _LOCK)

    def remove(self) -> None:
        """Remove the folder with all that's in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_left(root: Path = _ROOT, user: int | None = None) -> None:
    """Remove folders of runs that were killed: this user's, unlocked, without a process that answers."""
    user = os.geteuid() if user is None else user
    for folder in root.glob(f"{_PREFIX}*"):
        # What can't be looked at or removed may be another user's, or go at this moment: it's left.
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != user:
                continue
            with _locked(folder / _LOCK) as is_unused:
                if is_unused and not any(map(_answers, folder.glob("session_*/sockets/*"))):
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(lock: Path) -> Iterator[bool]:
    descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _answers(path: Path) -> bool:
    """Whether a process listens on a socket: Ray's own live some seconds longer than the run."""
    with socket.socket(socket.AF_UNIX) as line:
        line.setblocking(False)
        try:
            line.connect(str(path))
        except BlockingIOError:
            # It's there, and hasn't come to those who wait for it.
            return True
        except OSError:
            return False
        return True
