"""One observer of a run: a thread that reads what's durable, and calls the observer's hooks in order."""

from __future__ import annotations

import logging
import threading
from array import array
from collections import deque
from contextlib import suppress

from seedbed.engine.observing.observed import (
    ObservedCall,
    ObservedOutcome,
    ObservedRow,
    ObservedRun,
    ObservedTry,
)
from seedbed.engine.observing.observer import Observer
from seedbed.errors import StoreError
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.store import Known, RunChanges

logger = logging.getLogger(__name__)

CALL_FINISHED = "seedbed_call_finished"
CALL_REUSED = "seedbed_call_reused"
TRY_FAILED = "seedbed_try_failed"
_ROW_FINISHED = "seedbed_row_finished"

MOST_FAILED = 10_000
"""Failed tries that are kept for an observer: they aren't in the store, and an outage has no end of them."""


class Listener:
    """Calls the hooks of one observer on a thread of its own, from the start of a session to its outcome.

    Two threads share it, under the condition `changed`. The run's thread says what may be told: `ends` is
    for each leaf how many of its verdicts are decided and durable, `known` what it had before the session,
    `failed` the tries to tell, `outcome` the last thing of all. If `is_cut`, the listener skips to the
    outcome; if `is_left`, it stops. The listener's thread says how far it has got: `told` counts the hooks
    called.
    """

    def __init__(
        self,
        observer: Observer,
        run: ObservedRun,
        changes: RunChanges,
        changed: threading.Condition,
        first_call: int,
        reused: array[int],
    ) -> None:
        self.observer = observer
        self.known: dict[str, Known] = {}
        self.ends: dict[str, int] = {}
        self.has_news = False
        self.outcome: ObservedOutcome | None = None
        self.is_cut = False
        self.is_left = False
        self.told = 0
        self.is_done = False
        self._run = run
        self._changes = changes
        self._changed = changed
        self._reused = reused
        self.failed: deque[FailedCallTry] = deque(maxlen=MOST_FAILED if self._hears(TRY_FAILED) else 0)
        # How far it has read: the last call, the reused ones, and the verdicts of each leaf.
        self._last_call = first_call
        self._reused_told = 0
        self._verdicts_told: dict[str, int] = {}
        # A daemon: a hook that never returns must not keep the process from ending.
        threading.Thread(target=self._listen, name=f"seedbed {observer.claim.name}", daemon=True).start()

    def _listen(self) -> None:
        try:
            with suppress(_Left):
                self._tell("seedbed_run_started")
                while (outcome := self._hear()) is None:
                    pass
                self._tell("seedbed_run_finished", outcome=outcome)
        except StoreError as error:
            if not self.is_left:
                logger.warning("%s gets no more notifications of the run: %s", self.observer, error)
        finally:
            with self._changed:
                self.is_done = True
                self._changed.notify_all()

    def _hear(self) -> ObservedOutcome | None:
        """Wait for news and pass it on; return the run's outcome once that's all there is."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_news or self.outcome)
            self.has_news = False
            # Read together: nothing is added after the outcome, so if it's there, `ends` is final.
            ends, outcome = {**self.ends}, self.outcome
        # Read after `ends`: the calls of those rows are durable by then, so an observer gets them before the
        # rows.
        last, reused = self._changes.last_call(), len(self._reused)
        try:
            self._tell_calls(last)
            self._tell_reused(reused)
            self._tell_failed()
            for leaf, end in ends.items():
                self._tell_rows(leaf, end)
        except _Cut:
            logger.warning("%s didn't get all notifications: the run was interrupted", self.observer)
            return self.outcome
        return outcome

    def _tell_calls(self, last: int) -> None:
        # Not reading what no hook wants saves decoding every answer.
        if self._hears(CALL_FINISHED):
            for call in self._changes.calls_between(self._last_call, last):
                self._tell_unless_cut(CALL_FINISHED, call=ObservedCall.of(call))
        self._last_call = last

    def _tell_reused(self, end: int) -> None:
        if self._hears(CALL_REUSED):
            for call in self._changes.calls_numbered(self._reused[self._reused_told : end]):
                self._tell_unless_cut(CALL_REUSED, call=ObservedCall.of(call, is_reused=True))
        self._reused_told = end

    def _tell_failed(self) -> None:
        # Not more than there are now: others come meanwhile. When it's full, each new one drops the oldest,
        # so it never has fewer than when it was counted, and `popleft` finds one without a lock.
        for _ in range(len(self.failed)):
            self._tell_unless_cut(TRY_FAILED, failed=ObservedTry.of(self.failed.popleft()))

    def _tell_rows(self, leaf: str, end: int) -> None:
        first = self._verdicts_told.get(leaf, 0)
        if self._hears(_ROW_FINISHED):
            for decided in self._changes.decided(leaf, first, end, self.known[leaf]):
                self._tell_unless_cut(_ROW_FINISHED, row=ObservedRow.of(leaf, decided))
        self._verdicts_told[leaf] = end

    def _hears(self, hook: str) -> bool:
        return hook in self.observer.hooks

    def _tell_unless_cut(self, hook: str, **values: object) -> None:
        if self.is_cut:
            raise _Cut
        self._tell(hook, **values)

    def _tell(self, hook: str, **values: object) -> None:
        self.observer.tell(hook, run=self._run, **values)
        self.told += 1
        if self.is_left:
            raise _Left


class _Cut(Exception):
    """The time for rows and calls is up."""


class _Left(Exception):
    """The run no longer waits for this observer."""
