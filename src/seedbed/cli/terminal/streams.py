"""Standard streams that are closed or fail: daemons and cron jobs have none, and a terminal may go away.

A run continues without them: its rows are in the store, and its messages in the log.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress

_log = logging.getLogger(__name__)


def open_missing_streams() -> None:
    """Open the standard streams that the process was started without on the null device; log which they were.

    Otherwise the next file to be opened would get their number, and output would be written to a database.
    """
    missing = [number for number in (0, 1, 2) if not _is_open(number)]
    for number in missing:
        # `open` takes the lowest free number, which is this one.
        os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    sys.stderr = _forgiving(2)
    for number in missing:
        if number:
            _log.warning("standard %s is closed: its output is lost", "output" if number == 1 else "error")


def end_output() -> None:
    """Send what plugins print at exit to standard error: standard output may be data."""
    # Flushed first: what is left in our buffer would go there too.
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        os.dup2(2, 1)
        sys.stdout = sys.stderr


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _forgiving(number: int) -> io.TextIOWrapper:
    # Without a buffer: a buffer can't be written to while it's being flushed, and a failure to write is
    # logged, perhaps to standard error itself.
    return io.TextIOWrapper(
        _Forgiving(number, "wb", closefd=False),
        encoding=getattr(sys.stderr, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


class _Forgiving(io.FileIO):
    """A file that ignores failed writes: standard error on a full disk, or on a terminal that is gone."""

    has_failed = False

    def write(self, text: object, /) -> int:
        size = memoryview(text).nbytes  # type: ignore[arg-type]
        try:
            # None if the write would block: a message isn't worth waiting for.
            written = super().write(text)  # type: ignore[arg-type]
        except OSError as error:
            if not self.has_failed:
                self.has_failed = True
                _log.warning("standard error cannot be written to: %s", error.strerror)
            return size
        return size if written is None else written
