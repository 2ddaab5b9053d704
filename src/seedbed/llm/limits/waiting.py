"""The calls to one model that wait for their turn, and what is known of the model's own quotas."""

from __future__ import annotations

import asyncio
import heapq
from typing import NamedTuple

from seedbed.llm.limits.quota import LearntQuota
from seedbed.llm.response import Limits

ENOUGH_WAITING = 64
"""Calls that wait, for room in a budget or for a permit, where more would only take up memory."""


class Permit(NamedTuple):
    """A call that may be sent, and the state of things when it was.

    `tokens` were taken from the quotas for it, by experience fewer than its `estimate`; then
    `requests_taken` and `tokens_taken` had been taken of the model's quotas in all.
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
    """A call that waits: the lowest rank is sent first, and of equal ones the first that came."""

    rank: int
    number: int
    tokens: int
    future: asyncio.Future[Permit]


class WaitingCalls:
    """The waiting calls to one model, lowest rank first; providers count the quotas of each model apart."""

    def __init__(self) -> None:
        self._heap: list[WaitingCall] = []
        self.requests = LearntQuota()
        self.tokens = LearntQuota()
        self._has_learnt = False

    def push(self, call: WaitingCall) -> bool:
        """Add a call, and return whether it is the first; for any other, what holds back the first holds."""
        heapq.heappush(self._heap, call)
        # Those before it may have been cancelled, and then hold back nothing.
        return self.head() is call

    def pop(self) -> WaitingCall:
        """Take the first call out."""
        return heapq.heappop(self._heap)

    def all(self) -> list[WaitingCall]:
        """Return the calls, in no order."""
        return list(self._heap)

    def head(self) -> WaitingCall | None:
        """Return the first call that still waits."""
        while self._heap and self._heap[0].future.done():
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def delay(self, now: float, tokens: float) -> float:
        """Return the seconds until the model's quotas let a call of so many tokens through."""
        if not self._has_learnt:
            return 0.0
        return max(self.requests.delay(now, 1), self.tokens.delay(now, tokens))

    def learn(self, now: float, permit: Permit, limits: Limits) -> None:
        """Take what the headers of the answer to a call say of the quotas."""
        self._has_learnt = True
        requests = (limits.requests, limits.requests_left, limits.requests_reset)
        self.requests.learn(now, permit.sent_at, permit.requests_taken, *requests)
        tokens = (limits.tokens, limits.tokens_left, limits.tokens_reset)
        self.tokens.learn(now, permit.sent_at, permit.tokens_taken, *tokens)
