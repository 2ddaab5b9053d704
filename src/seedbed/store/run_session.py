"""How long this process has been working on a run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from seedbed.errors import StoreError
from seedbed.store.run_operations import Operation, SessionTime


class SessionClock:
    """Measures the time of a session. Every commit records it, as a session that is killed writes no end."""

    def __init__(self, last: int) -> None:
        self._id = last
        self._since: float | None = None

    @property
    def id(self) -> int:
        """The session's id; that of the last one if none has begun."""
        return self._id

    def begin(self) -> int:
        """Begin a session now; return its id."""
        self._id += 1
        self._since = time.monotonic()
        return self._id

    def end(self) -> tuple[int, float]:
        """End the session; return its id and its seconds."""
        if self._since is None:
            raise StoreError("no session has begun", "call begin_session first")
        seconds = time.monotonic() - self._since
        self._since = None
        return self._id, seconds

    def forget(self) -> None:
        """Undo `begin`: the next session gets the same id."""
        if self._since is not None:
            self._id -= 1
            self._since = None

    def operations(self) -> Sequence[Operation]:
        """Return what a commit made now should record about the session."""
        since = self._since
        return () if since is None else (SessionTime(time.monotonic() - since, self._id),)
