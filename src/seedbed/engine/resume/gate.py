"""What a resumed run finds, reported before anything is paid for."""

from __future__ import annotations

import asyncio
from contextvars import Context

from seedbed.engine.resume.found import Found
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.run import Run
from seedbed.engine.segments.window import Window

_LONGEST_LOOK = 10.0
"""Seconds after which calls are sent in any case: a step may compute for minutes, and it's only a report."""

_QUIET = 0.2
"""Seconds without news after which nothing more is expected: rows may wait for each other."""


class ResumeGate:
    """Holds back new calls until every row in flight has got as far as the journal takes it.

    So a run can say how many calls it's about to make, while Ctrl-C still costs nothing.
    """

    def __init__(self, journal: RunJournal, run: Run, changed: tuple[str, ...] = ()) -> None:
        self._journal = journal
        self._run = run
        self._changed = changed
        self._step = run.leaf
        self._window: Window | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._end = 0.0
        self._news = 0.0

    def close(self) -> None:
        """Hold back new calls for a few seconds, if there's anything to replay."""
        if self._journal.is_fresh:
            return
        self._journal.close_gate()
        self._journal.on_waiting = self._look
        self._journal.on_source_waiting = self.open
        loop = asyncio.get_running_loop()
        self._end = loop.time() + _LONGEST_LOOK
        # In an empty context: the loop keeps a cancelled timer, and its context with the run, until it's due.
        self._timer = loop.call_later(_QUIET, self._listen, context=Context())

    def watch(self, window: Window, step: str) -> None:
        """Watch the rows in flight in a window, whose rows are counted at `step`."""
        self._window = window
        self._step = step
        if self._timer is not None:
            # The last row to settle may need no call, and do so after all others wait: without this look, the
            # first call of the session is sent only after `_QUIET` seconds without news.
            window.on_change = self._look

    def end(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def open(self) -> None:
        """Report what was found, and let calls be sent."""
        if self._timer is None:
            return
        self.end()
        kept, replayed = self._journal.kept[self._step], self._run.calls.replayed
        self._run.found = Found(kept, replayed, self._journal.waiting_calls, changed=self._changed)
        self._journal.open_gate()

    def _look(self) -> None:
        self._news = asyncio.get_running_loop().time()
        window = self._window
        # Nothing can start, and every item that is running waits at the gate: all that can be counted is.
        if window is None or (window.is_stuck and window.running <= len(self._journal.waiting)):
            self.open()

    def _listen(self) -> None:
        """Open if calls wait and nothing else has happened for a moment."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._end or (self._journal.waiting and now >= self._news + _QUIET):
            self.open()
        else:
            self._timer = loop.call_at(max(now, self._news) + _QUIET, self._listen, context=Context())
