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
from seedbed.store import Known, RunChanges, RunStore

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that one hook may take at the end of a run; after that, its observer is abandoned."""

BRIEF = 3.0
"""Seconds that observers have for the remaining notifications of an interrupted run."""

GRACE = 1.0
"""Seconds after that for the hook that is running, and for the last hook."""

_FINISHED = "seedbed_call_finished"
_REUSED = "seedbed_call_reused"
_FAILED = "seedbed_try_failed"

_MOST_FAILED = 10_000
"""Failed tries that are kept for an observer: they aren't in the store, and an outage has no end of them."""


class Observation:
    """Notifies the observers of one session of a run; everything is durable before they see it.

    `hears_calls` says whether any of them has a hook for calls. Creating and ending it may block; all other
    methods are quick, and used on the loop thread.
    """

    def __init__(self, observers: Sequence[Observer], store: RunStore, run: ObservedRun) -> None:
        self._news = RunChanges.open(store.folder)
        self._leaves = frozenset(run.leaves)
        self._waiting: deque[tuple[int, dict[str, int]]] = deque()
        self._changed = threading.Condition()
        self._is_hurried = False
        # Their numbers only, eight bytes each: the calls themselves are read from the store, like all else.
        self._reused = array("q")
        heard = {hook for one in observers for hook in one.hooks}
        self.hears_calls = bool(heard & {_FINISHED, _FAILED})
        self._hears_reused = _REUSED in heard
        # Calls of earlier sessions were reported by those.
        first = self._news.last_call()
        self._listeners = [
            _Listener(one, run, self._news, self._changed, first, self._reused) for one in observers
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
        known = {leaf: self._news.known(leaf) for leaf in self._leaves.intersection(names)}
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
            self._wait()
            for listener in self._listeners:
                if not listener.is_done:
                    listener.is_left = True
                    logger.warning("%s makes no progress, and is abandoned", listener.observer)
        self._news.close()

    def _wait(self) -> None:
        # A run of all its rows that doesn't end looks as if it hung.
        if not self._changed.wait_for(lambda: self._is_hurried or self._are_done(), BRIEF):
            slow = ", ".join(str(one.observer) for one in self._listeners if not one.is_done)
            logger.warning("waiting for %s to take what is left; Ctrl-C cuts it short", slow)
        # Not one time-out for all of it: a slow tracker with a thousand rows left is fine as long as it
        # moves.
        told = -1
        while not self._is_hurried and not self._are_done() and told < self._told():
            told = self._told()
            self._changed.wait_for(lambda: self._is_hurried or self._are_done(), PATIENCE)
        if self._is_hurried:
            self._changed.wait_for(self._are_done, BRIEF)
            # They skip the rest, but still get the outcome: a tracker that never closes its run is worse than
            # one that lacks rows.
            for listener in self._listeners:
                listener.is_cut = True
            self._changed.wait_for(self._are_done, GRACE)

    def _are_done(self) -> bool:
        return all(listener.is_done for listener in self._listeners)

    def _told(self) -> int:
        return sum(listener.told for listener in self._listeners)


class _Listener:
    """One observer's thread, and how far it has got.

    `ends` says for each leaf how many of its verdicts are decided and durable, `known` what it had before the
    session. `told` counts the hooks called. If `is_cut`, it skips to the outcome; if `is_left`, it stops.
    """

    def __init__(
        self,
        observer: Observer,
        run: ObservedRun,
        news: RunChanges,
        changed: threading.Condition,
        call: int,
        reused: array[int],
    ) -> None:
        self.observer = observer
        self.known: dict[str, Known] = {}
        self.ends: dict[str, int] = {}
        self.has_news = False
        self.outcome: ObservedOutcome | None = None
        self.told = 0
        self.is_cut = False
        self.is_left = False
        self.is_done = False
        self._run = run
        self._news = news
        self._changed = changed
        self._call = call
        self._reused = reused
        self._reused_told = 0
        self.failed: deque[FailedCallTry] = deque(maxlen=_MOST_FAILED if self._hears(_FAILED) else 0)
        self._places: dict[str, int] = {}
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
        last, reused = self._news.last_call(), len(self._reused)
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
        if self._hears(_FINISHED):
            for call in self._news.calls_between(self._call, last):
                self._tell_unless_cut(_FINISHED, call=ObservedCall.of(call))
        self._call = last

    def _tell_reused(self, end: int) -> None:
        if self._hears(_REUSED):
            for call in self._news.calls_numbered(self._reused[self._reused_told : end]):
                self._tell_unless_cut(_REUSED, call=ObservedCall.of(call, is_reused=True))
        self._reused_told = end

    def _tell_failed(self) -> None:
        # Not more than there are now: others come meanwhile.
        for _ in range(len(self.failed)):
            self._tell_unless_cut(_FAILED, failed=ObservedTry.of(self.failed.popleft()))

    def _tell_rows(self, leaf: str, end: int) -> None:
        first = self._places.get(leaf, 0)
        if self._hears("seedbed_row_finished"):
            for decided in self._news.decided(leaf, first, end, self.known[leaf]):
                self._tell_unless_cut("seedbed_row_finished", row=ObservedRow.of(leaf, decided))
        self._places[leaf] = end

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
