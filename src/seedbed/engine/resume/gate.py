"""What a run that goes on finds, told before anything is paid for."""

from __future__ import annotations

import asyncio
from contextvars import Context

from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.run import Found, Run
from seedbed.engine.segments.item_window import ItemWindow

_LONGEST_LOOK = 10.0
_QUIET = 0.2
"""Seconds without any news after which nothing more is expected: rows may wait for each other."""


class ResumeGate:
    """Holds back new calls until every row in flight has come as far as the journal takes it."""

    def __init__(self, journal: RunJournal, run: Run, changed: tuple[str, ...] = ()) -> None:
        self._journal = journal
        self._run = run
        self._changed = changed
        self._step = run.leaf
        self._window: ItemWindow | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._end = 0.0
        self._news = 0.0

    def close(self) -> None:
        """Hold back new calls, where there is a journal; for seconds at most."""
        if self._journal.is_fresh:
            return
        self._journal.close_gate()
        self._journal.on_waiting = self._look
        self._journal.on_source_waiting = self.open
        loop = asyncio.get_running_loop()
        self._end = loop.time() + _LONGEST_LOOK
        self._timer = loop.call_later(_QUIET, self._listen, context=Context())

    def watch(self, window: ItemWindow, step: str) -> None:
        """Look at the rows in flight in a window, whose rows are counted at `step`."""
        self._window = window
        self._step = step
        if self._timer is not None:
            # The last row to settle without a call may do so after all others have begun to wait.
            window.on_change = self._look

    def end(self) -> None:
        """Listen no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def open(self) -> None:
        """Say what was found, and let calls be sent."""
        if self._timer is None:
            return
        self.end()
        kept, replayed = self._journal.kept[self._step], self._run.calls.replayed
        self._run.found = Found(kept, replayed, self._journal.waiting_calls, changed=self._changed)
        self._journal.open_gate()

    def _look(self) -> None:
        self._news = asyncio.get_running_loop().time()
        window = self._window
        if window is None or (window.is_stuck and window.running <= len(self._journal.waiting)):
            self.open()

    def _listen(self) -> None:
        """Open where calls wait and all else that is under way waits for them."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._end or (self._journal.waiting and now >= self._news + _QUIET):
            self.open()
        else:
            self._timer = loop.call_at(max(now, self._news) + _QUIET, self._listen, context=Context())
