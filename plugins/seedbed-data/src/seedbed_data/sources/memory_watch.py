"""Ends the wait for a process that takes more memory than it may."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

_LOOK_SECONDS = 0.1
"""How often the memory is looked at: readers of documents take some 100 MB more in a second."""


def grows_beyond(process: subprocess.Popen[str], megabytes: int) -> bool:
    """Wait until a process writes something or ends; return whether it takes too much memory before that.

    Seen from outside, since a library that is refused memory may do anything: end the process, say something
    else, or go round in circles. Only Linux tells the memory of another process without a package.
    """
    if sys.platform != "linux":
        return False
    assert process.stdout is not None
    while not select.select([process.stdout], [], [], _LOOK_SECONDS)[0]:
        if _resident(process.pid) > megabytes * 1_000_000:
            return True
    return False


def _resident(process_id: int) -> int:
    """Return the bytes of memory that a process has; 0 for one that has ended."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
