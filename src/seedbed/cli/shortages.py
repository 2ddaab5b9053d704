"""What the system refuses to a process that has too much already: open files, memory, threads."""

from __future__ import annotations

import errno
from contextlib import suppress

from seedbed.open_files import MORE_FILES

_FILES = ("too many files are open", MORE_FILES)
_MEMORY = ("out of memory", "what was made is kept; resume with a smaller --max-bytes-in-flight")
_THREADS = (
    "the system lets this process start no more threads or processes",
    "raise the limits of processes and of memory: `ulimit -u` and `ulimit -v` show them",
)
_ENOUGH_FILES = 2**16
_NO_FILES = (errno.EMFILE, errno.ENFILE)


def allow_more_files() -> None:
    """Raise the limit of open files as far as the process may: macOS begins with 256, for 500 connections."""
    try:
        # Windows has no such module, and no such limit.
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    # macOS has a lower limit that it doesn't tell.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def shortage_of(error: BaseException | None) -> tuple[str, str] | None:
    """Return a fact and what to do about it if `error`, or what caused it, is such a refusal; else None.

    It's neither a bug of ours nor about the file, folder or plugin that happened to be next.
    """
    while error is not None:
        if isinstance(error, MemoryError):
            return _MEMORY
        if isinstance(error, OSError) and error.errno in _NO_FILES:
            return _FILES
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return _MEMORY
        # EAGAIN of a file or a socket that would block is none of ours: only of a new process.
        if isinstance(error, BlockingIOError) and error.filename is None:
            return _THREADS
        if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
            return _THREADS
        error = error.__cause__
    return None
