"""How long this process has worked on a run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from seedbed.errors import StoreError
from seedbed.store.run_operations import Operation, SessionTime


class SessionClock:
    """Knows how long the session has worked, so that each commit can say so: a killed one has no end."""

    def __init__(self, last: int) -> None:
        self._id = last
        self._since: float | None = None

    def begin(self) -> int:
        """Return the id of a new session, which begins now."""
        self._id += 1
        self._since = time.monotonic()
        return self._id

    def end(self) -> tuple[int, float]:
        """End the session; return its id and how long it took."""
        if self._since is None:
            raise StoreError("no session has begun")
        seconds = time.monotonic() - self._since
        self._since = None
        return self._id, seconds

    def forget(self) -> None:
        """Take back the session that has begun."""
        if self._since is not None:
            self._id -= 1
            self._since = None

    def operations(self) -> Sequence[Operation]:
        """Return what a commit made now should say of the session."""
        since = self._since
        return () if since is None else (SessionTime(time.monotonic() - since, self._id),)
