"""Notifies the observers of a run of what is durable in its store, and of nothing else.

The store is the queue: each observer has a thread, which reads on from its last position when more has become
durable. So a slow observer delays neither the run nor other observers, and takes no memory for what it hasn't
got yet. The end of the run waits for observers that still make progress.
"""

from __future__ import annotations

import logging
import threading
from array import array
from collections import deque
from collections.abc import Mapping, Sequence

from seedbed.engine.observing.listener import CALL_FINISHED, CALL_REUSED, TRY_FAILED, Listener
from seedbed.engine.observing.observed import ObservedOutcome, ObservedRun
from seedbed.engine.observing.observer import Observer
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.store import RunChanges, RunStore

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that one hook may take at the end of a run; after that, its observer is abandoned."""

BRIEF = 3.0
"""Seconds that observers have for the remaining notifications of an interrupted run."""

GRACE = 1.0
"""Seconds after that for the hook that is running, and for the last hook."""


class Observation:
    """Notifies the observers of one session of a run; everything is durable before they see it.

    `hears_calls` says whether any of them has a hook for calls. Creating and ending it may block; all other
    methods are quick, and used on the loop thread.
    """

    def __init__(self, observers: Sequence[Observer], store: RunStore, run: ObservedRun) -> None:
        self._changes = RunChanges.open(store.folder)
        self._leaves = frozenset(run.leaves)
        self._waiting: deque[tuple[int, dict[str, int]]] = deque()
        self._changed = threading.Condition()
        self._is_hurried = False
        # Their numbers only, eight bytes each: the calls themselves are read from the store, like all else.
        # The loop thread appends to it and listeners read up to a length that they took before: no lock.
        self._reused = array("q")
        heard = {hook for one in observers for hook in one.hooks}
        self.hears_calls = bool(heard & {CALL_FINISHED, TRY_FAILED})
        self._hears_reused = CALL_REUSED in heard
        # Calls of earlier sessions were reported by those.
        known = self._changes.last_call()
        self._listeners = [
            Listener(one, run, self._changes, self._changed, known, self._reused) for one in observers
        ]

    def reuse(self, number: int) -> None:
        """Take the number of a call whose answer the store had, before the row that's made from it."""
        if self._hears_reused:
            self._reused.append(number)

    def fail(self, failed: FailedCallTry) -> None:
        """Take a try of a call that failed, before the row that it was made for."""
        for listener in self._listeners:
            listener.failed.append(failed)

    def begin(self, names: Sequence[str]) -> None:
        """Note the stored verdicts of these leaves, before the session adds its own."""
        known = {leaf: self._changes.known(leaf) for leaf in self._leaves.intersection(names)}
        with self._changed:
            for listener in self._listeners:
                listener.known.update(known)

    def add(self, added: int, counts: Mapping[str, int]) -> None:
        """Take how many verdicts steps have once the store's addition number `added` is durable."""
        leaves = {leaf: count for leaf, count in counts.items() if leaf in self._leaves}
        self._waiting.append((added, leaves))

    def release(self, durable: int) -> None:
        """Notify the observers of what follows from the store's additions up to number `durable`."""
        ends: dict[str, int] = {}
        while self._waiting and self._waiting[0][0] <= durable:
            ends.update(self._waiting.popleft()[1])
        with self._changed:
            for listener in self._listeners:
                listener.ends.update(ends)
                listener.has_news = True
            self._changed.notify_all()

    def hurry(self) -> None:
        """Give the observers only a few seconds at the end."""
        with self._changed:
            self._is_hurried = True
            self._changed.notify_all()

    def end(self, outcome: ObservedOutcome) -> None:
        """Send the remaining notifications and the outcome; return when all observers are done or stuck."""
        with self._changed:
            for listener in self._listeners:
                listener.outcome = outcome
            self._changed.notify_all()
            self._wait_for_all()
            for listener in self._listeners:
                if not listener.is_done:
                    listener.is_left = True
                    logger.warning("%s makes no progress, and is abandoned", listener.observer)
        self._changes.close()

    def _wait_for_all(self) -> None:
        """Wait until all observers are done or make no progress, or for a few seconds if it's urgent."""
        if not self._changed.wait_for(self._is_over, BRIEF):
            # A run of all its rows that doesn't end looks as if it hung.
            slow = ", ".join(str(one.observer) for one in self._listeners if not one.is_done)
            logger.warning("waiting for %s to take what is left; Ctrl-C cuts it short", slow)
        # Not one time-out for all of it: a slow tracker with a thousand rows left is fine as long as it
        # moves.
        told = -1
        while not self._is_over() and told < self._told():
            told = self._told()
            self._changed.wait_for(self._is_over, PATIENCE)
        if self._is_hurried:
            self._cut_short()

    def _cut_short(self) -> None:
        self._changed.wait_for(self._are_done, BRIEF)
        # They skip the rest, but still get the outcome: a tracker that never closes its run is worse than one
        # that lacks rows.
        for listener in self._listeners:
            listener.is_cut = True
        self._changed.wait_for(self._are_done, GRACE)

    def _is_over(self) -> bool:
        return self._is_hurried or self._are_done()

    def _are_done(self) -> bool:
        return all(listener.is_done for listener in self._listeners)

    def _told(self) -> int:
        return sum(listener.told for listener in self._listeners)
