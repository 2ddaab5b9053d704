"""The rows of a dataset in the making: a hidden JSON lines file beside the file that they will become."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from seedbed.store.placing import hidden_beside

logger = logging.getLogger(__name__)


class Spool:
    """An append-only file of encoded rows, complete up to the last `append` even if the process is killed.

    Iterating it gives the rows as they are, any number of times. Only its owner may read the file; `move_to`
    gives it the mode that a new file has. All methods raise `OSError` as the file system does.
    """

    def __init__(self, beside: Path) -> None:
        self.path = hidden_beside(beside.with_suffix(".partial")).with_suffix(".jsonl")
        self.rows = 0
        self._size = 0
        self._file = os.open(
            self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o666
        )
        # A new file is the only way to learn the umask without changing it for other threads.
        self.final_mode = stat.S_IMODE(os.fstat(self._file).st_mode)
        self.path.chmod(0o600)

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from map(bytes.rstrip, file)

    def append(self, encoded: bytes) -> None:
        """Hand one encoded row to the operating system, all of it or nothing."""
        line = memoryview(encoded + b"\n")
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
        except BaseException:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += len(line)
        self.rows += 1

    def move_to(self, target: Path) -> None:
        """Make the spool itself the file `target`, durable before it takes the name."""
        if self._file >= 0:
            os.fsync(self._file)
        self._close()
        self.path.chmod(self.final_mode)
        self.path.replace(target)

    def rescue_to(self, target: Path) -> Path:
        """Move the rows to `target` if that can be done, and return where they are."""
        try:
            self.move_to(target)
        except OSError as error:
            logger.warning("the rows stay in %s: %s", self.path, error)
            return self.path
        return target

    def discard(self) -> None:
        """Remove the spool; nothing happens where it has become another file."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
