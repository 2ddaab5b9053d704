"""Ends a worker whose run is gone.

On a cluster, Ray ends the workers of a process that has died. A Ray that was started with the run dies with
it, and its workers notice that only seconds later: until then they'd buy answers that nobody gets.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import NamedTuple

_SECONDS = 0.2
"""Seconds between two looks at the run's process."""


class Home(NamedTuple):
    """Where a run is: its host and its process."""

    host: str
    pid: int

    @classmethod
    def here(cls) -> Home:
        """Return this process."""
        return cls(socket.gethostname(), os.getpid())


def end_with(home: Home) -> None:
    """End this process as soon as the run's process has ended, if that is on this machine."""
    # In a container, the run's number may mean another process, or none: then Ray has to see to it.
    if home.host == socket.gethostname() and _is_there(home.pid):
        threading.Thread(target=_watch, args=(home.pid,), name="seedbed-orphan", daemon=True).start()


def _watch(pid: int) -> None:
    while _is_there(pid):
        time.sleep(_SECONDS)
    # Not sys.exit: only that ends the calls in flight, too.
    os._exit(1)


def _is_there(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
