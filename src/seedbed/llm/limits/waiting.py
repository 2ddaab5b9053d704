"""The calls that wait for their turn, in a queue for each model, and what is known about its quotas."""

from __future__ import annotations

import asyncio
import heapq
import math
from typing import NamedTuple

from seedbed.llm.limits.quota import LearntQuota
from seedbed.llm.response import Limits

# While this many calls wait, no more rows start. Starting rows ahead of their turn took a tenth of the
# processor time, because a row that starts early is out of the processor's cache when its turn comes.
ENOUGH_WAITING = 64
"""Calls that wait for room in a budget or for a permit; more would only use memory."""


class Permit(NamedTuple):
    """A call that may be sent, and the limiter's state when it was.

    `tokens` were taken from the quotas for it: its `estimate`, scaled by how far earlier ones were off. By
    then, `requests_taken` and `tokens_taken` had been taken from the model's quotas in total.
    """

    queue: WaitingCalls
    sent_at: float
    estimate: int
    tokens: float
    requests_taken: float
    tokens_taken: float
    in_flight: int
    keeps_pace: bool


class WaitingCall(NamedTuple):
    """A call that waits: the lowest rank is sent first, and among equals the one that came first."""

    rank: int
    number: int
    tokens: int
    future: asyncio.Future[Permit]


class WaitingCalls:
    """The waiting calls to one model, lowest rank first; providers count quotas for each model separately."""

    def __init__(self) -> None:
        self._heap: list[WaitingCall] = []
        self.requests = LearntQuota()
        self.tokens = LearntQuota()
        self._has_learnt = False

    def push(self, call: WaitingCall) -> bool:
        """Add a call, and return whether it's the first; what holds back the first holds back the others."""
        heapq.heappush(self._heap, call)
        # Calls before it may have been cancelled. They hold back nothing, and nobody would wake this one.
        return self.head() is call

    def pop(self) -> WaitingCall:
        """Take the first call out."""
        return heapq.heappop(self._heap)

    def all(self) -> list[WaitingCall]:
        """Return the calls, in no order."""
        return list(self._heap)

    def head(self) -> WaitingCall | None:
        """Return the first call that still waits."""
        # Cancelled calls stay in the heap until they're first: taking one out of its middle is a search.
        while self._heap and self._heap[0].future.done():
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def delay(self, now: float, tokens: float) -> float:
        """Return the seconds until the model's quotas let a call of `tokens` tokens through."""
        # Most servers of one's own never say anything about quotas.
        if not self._has_learnt:
            return 0.0
        return max(self.requests.delay(now, 1), self.tokens.delay(now, tokens))

    def learn(self, now: float, permit: Permit, limits: Limits) -> None:
        """Learn what the headers of the answer to a call say about the quotas."""
        self._has_learnt = True
        requests = (limits.requests, limits.requests_left, limits.requests_reset)
        self.requests.learn(now, permit.sent_at, permit.requests_taken, *requests)
        tokens = (limits.tokens, limits.tokens_left, limits.tokens_reset)
        self.tokens.learn(now, permit.sent_at, permit.tokens_taken, *tokens)


class ModelQueues:
    """A queue for each model: one whose quota is used up holds back its own calls only."""

    def __init__(self) -> None:
        self._queues: dict[str, WaitingCalls] = {}

    def of(self, model: str) -> WaitingCalls:
        """Return the queue of a model, which is made at its first call."""
        return self._queues.get(model) or self._queues.setdefault(model, WaitingCalls())

    def waiting(self) -> list[asyncio.Future[Permit]]:
        """Return what the calls that wait are waiting for."""
        calls = [call.future for queue in self._queues.values() for call in queue.all()]
        return [future for future in calls if not future.done()]

    def first(self, now: float, token_share: float) -> tuple[tuple[WaitingCall, WaitingCalls] | None, float]:
        """Return the next call with its queue, or None and the seconds until a quota lets one through.

        It's the lowest row among the models whose quota has room: the others wait for their own quota only.
        Estimates are scaled by `token_share`.
        """
        first: tuple[WaitingCall, WaitingCalls] | None = None
        soonest = math.inf
        for queue in self._queues.values():
            head = queue.head()
            if head is None:
                continue
            if delay := queue.delay(now, head.tokens * token_share):
                soonest = min(soonest, delay)
            elif first is None or head < first[0]:
                first = head, queue
        return first, 0.0 if first else soonest
