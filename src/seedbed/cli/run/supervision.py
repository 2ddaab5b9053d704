"""Runs a session while the main thread shows progress and obeys signals."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from typing import NoReturn

from seedbed.cli.failures import ExitStatus
from seedbed.cli.run.signals import Interruptions, end_now
from seedbed.cli.run.summary import found_lines
from seedbed.cli.terminal.progress import Progress
from seedbed.engine.local import DRAIN_SECONDS
from seedbed.engine.run import Run
from seedbed.engine.session import Session
from seedbed.engine.stopping.may_pass import may_pass
from seedbed.errors import SeedbedError
from seedbed.llm.calling.loop import loop_thread

_REFRESH_SECONDS = 0.2
"""Seconds between two looks at signals and progress: a person sees no delay, and it costs no row anything."""

_GRACE_SECONDS = 5.0
"""Seconds for a session to stop after its calls have ended: it still commits, and closes its backends."""


def supervised(session: Session, progress: Progress) -> Run:
    """Run a session to its end and return the run; for the main thread.

    Raises an error that stops the session before there's anything to keep, unless it may pass. Later errors
    become the run's `stopped_by`. Raises BrokenPipeError if nobody reads the rows any more.
    """
    run = session.run
    try:
        _Supervision(session, progress).run()
    except SeedbedError as error:
        if not (run.calls.answered or run.accepted) and not may_pass(error):
            raise
        run.stopped_by, run.outcome = error, "stopped"
        run.outputs.clear()
    if _reader_has_gone(run.stopped_by):
        raise BrokenPipeError
    return run


def _reader_has_gone(error: BaseException | None) -> bool:
    return error is not None and isinstance(error.__cause__, BrokenPipeError)


class _Supervision:
    """Runs a session on the loop thread, and acts on signals.

    The first signal drains the session, the second cancels calls in flight, the third ends the process. If
    the session doesn't stop in time, the process ends; the rows are in the store.
    """

    def __init__(self, session: Session, progress: Progress) -> None:
        self._session = session
        self._progress = progress
        self._has_told = False
        self._obeyed = 0
        self._deadline: float | None = None

    def run(self) -> None:
        """Return when the session has ended; raise what it raises."""
        with Interruptions() as interruptions:
            # First: if it can't be made, Python would warn of a coroutine that was never awaited.
            loop = loop_thread().loop
            future = asyncio.run_coroutine_threadsafe(self._session.aexecute(), loop)
            with self._progress as progress:
                while not concurrent.futures.wait([future], _REFRESH_SECONDS).done:
                    self._obey(interruptions.count)
                    self._tell_found()
                    progress.update()
                # The session may find an earlier run and end before the loop above sees it.
                self._tell_found()
        if not future.cancelled():
            future.result()

    def _obey(self, count: int) -> None:
        if count > self._obeyed:
            self._obeyed = count
            self._stop(count)
        if self._deadline is not None and time.monotonic() > self._deadline:
            self._give_up()

    def _stop(self, count: int) -> None:
        if count > 1:
            self._session.cancel()
            self._deadline = time.monotonic() + _GRACE_SECONDS
            self._progress.say("stopping now")
        elif self._session.is_loading:
            self._session.break_off()
            self._deadline = time.monotonic() + _GRACE_SECONDS
        else:
            self._session.drain()
            self._deadline = time.monotonic() + DRAIN_SECONDS + _GRACE_SECONDS
            self._progress.say(
                f"stopping: calls in flight have {DRAIN_SECONDS:.0f} s to finish; Ctrl-C again stops at once"
            )

    def _tell_found(self) -> None:
        found = self._session.run.found
        if found is not None and not self._has_told:
            self._has_told = True
            for line in found_lines(self._session.run.name, found):
                self._progress.say(line)

    def _give_up(self) -> NoReturn:
        self._progress.say("something does not stop, so the process ends; the rows so far are kept")
        end_now(ExitStatus.INTERRUPTED)
