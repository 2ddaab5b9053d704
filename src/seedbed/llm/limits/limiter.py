"""The limits of one endpoint and credential: which call may be sent when, and the lowest row first.

Nothing polls: a permit is given when a call comes, when one ends, or at the moment for which a timer is set.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from contextvars import Context

from seedbed.llm.limits.adaptive_concurrency import TICK_SECONDS, ConcurrencyWindow
from seedbed.llm.limits.circuit import Circuit, CircuitPolicy
from seedbed.llm.limits.pace import Pace
from seedbed.llm.limits.quota import bucket_per_minute
from seedbed.llm.limits.waiting import ENOUGH_WAITING, Permit, WaitingCall, WaitingCalls
from seedbed.llm.response import Limits

_LEARNING = 0.1


class Limiter:
    """Gives permits to send, as the window, the pace and the quotas allow. Lives on one event loop.

    Every permit must end with one of `answered`, `refused` and `ended`.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        slots: int | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        circuit: CircuitPolicy | None = None,
    ) -> None:
        self.in_flight = 0
        self.window = ConcurrencyWindow(concurrency, slots)
        self.pace = Pace()
        self.circuit = Circuit(circuit)
        self._requests = bucket_per_minute(requests_per_minute) if requests_per_minute else None
        self._tokens = bucket_per_minute(tokens_per_minute) if tokens_per_minute else None
        self._loop = asyncio.get_running_loop()
        self._queues: dict[str, WaitingCalls] = {}
        self._numbers = itertools.count()
        self.waiting = 0
        self.on_appetite: Callable[[], None] = _nothing
        self._timer: asyncio.TimerHandle | None = None
        self._waits: set[asyncio.Future[None]] = set()
        self._is_draining = False
        self._learns_tokens = False
        self._token_share = 1.0
        self._answers = 0
        self._is_giving = False
        self._ticking: asyncio.TimerHandle | None = None

    @property
    def counts_tokens(self) -> bool:
        """Whether it matters of how many tokens a call is."""
        return self._tokens is not None or self._learns_tokens

    @property
    def has_enough(self) -> bool:
        """Whether so many calls wait that more are of no use; `on_appetite` tells when half are left."""
        return self.waiting >= ENOUGH_WAITING

    async def acquire(self, model: str, rank: int = 0, tokens: int = 0) -> Permit:
        """Return a permit for a call to `model` of about so many tokens; the lowest rank comes first."""
        if self._is_draining:
            raise asyncio.CancelledError
        queue = self._queues.get(model) or self._queues.setdefault(model, WaitingCalls())
        now = self._loop.time()
        if not self.waiting and not self._delay(now, tokens) and not self._quota_delay(queue, now, tokens):
            return self._admit(queue, now, tokens)
        call = WaitingCall(rank, next(self._numbers), tokens, self._loop.create_future())
        self.waiting += 1
        if queue.push(call):
            self._give()
        try:
            permit = await call.future
        except asyncio.CancelledError:
            self._abandon(call.future)
            raise
        if self._is_draining:
            # It was drained between the moment in which its permit came and its turn on the loop.
            self.ended(permit)
            raise asyncio.CancelledError
        return permit

    def _abandon(self, future: asyncio.Future[Permit]) -> None:
        if future.cancelled():
            self._waits_no_more()
            self._give_soon()
        elif future.exception() is None:
            # The permit came, and the caller was cancelled before it could take it.
            self.ended(future.result())
        # Else `fail_waiting` was quicker, which has counted it out already.

    def answered(self, permit: Permit, limits: Limits | None = None, tokens: int | None = None) -> None:
        """End a call that the server took: `limits` of its headers, `tokens` that it really had."""
        self.window.answered(self._loop.time(), permit.in_flight)
        if tokens is not None and permit.estimate:
            self._learn_share(tokens / permit.estimate)
        self._end(permit, limits, permit.tokens if tokens is None else tokens)

    def refused(self, permit: Permit, limits: Limits | None = None) -> None:
        """End a call that the server refused for its limits."""
        now = self._loop.time()
        many = self.window.is_unusual(permit.in_flight)
        if many and self.window.is_to_blame(permit.in_flight):
            self.window.refused(now, permit.sent_at, permit.in_flight)
        elif self.pace.refused(now, permit.sent_at):
            # Of calls that come too fast the number tells nothing: only of those that kept the pace.
            if many and permit.keeps_pace:
                self.window.refused(now, permit.sent_at, permit.in_flight)
            self.window.begin_measure()
        self._end(permit, limits, 0)

    def ended(self, permit: Permit, limits: Limits | None = None) -> None:
        """End a call that says nothing of the pace: it failed for another reason, or was cancelled."""
        self._end(permit, limits, 0)

    async def pause(self, seconds: float) -> None:
        """Wait before the next try of a call, for not longer than until calls are drained."""
        pause: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(seconds, _wake, pause, context=Context())
        try:
            await self.wait(pause)
        finally:
            timer.cancel()

    async def wait(self, event: asyncio.Future[None]) -> None:
        """Have a call that has no permit wait for an event, where draining and failing reach it."""
        if self._is_draining:
            raise asyncio.CancelledError
        self._waits.add(event)
        try:
            await event
        finally:
            self._waits.discard(event)

    def drain(self) -> None:
        """Cancel every call that waits, now and from now on."""
        self._is_draining = True
        for event in self._waits:
            event.cancel()
        for call in self._waiting_calls():
            call.cancel()

    def end(self) -> None:
        """Set no timer any more; for when no call is under way."""
        self._wake_in(math.inf)
        if self._ticking is not None:
            self._ticking.cancel()

    def fail_waiting(self, new_error: Callable[[], Exception]) -> None:
        """Have every call that waits, for a permit or anything before it, raise an error."""
        for event in self._waits:
            if not event.done():
                event.set_exception(new_error())
        for call in self._waiting_calls():
            call.set_exception(new_error())
            self._waits_no_more()

    def _waiting_calls(self) -> list[asyncio.Future[Permit]]:
        calls = [call.future for queue in self._queues.values() for call in queue.all()]
        return [future for future in calls if not future.done()]

    def _end(self, permit: Permit, limits: Limits | None, tokens: float) -> None:
        self.in_flight -= 1
        self.window.ended()
        if self._tokens is not None:
            self._tokens.give_back(permit.tokens - tokens)
        if limits is not None:
            permit.queue.learn(self._loop.time(), permit, limits)
            self._learns_tokens |= limits.tokens is not None
        self._give_soon()

    def _learn_share(self, used: float) -> None:
        # Estimates are of the longest answer; most answers are shorter.
        self._answers += 1
        self._token_share += (used - self._token_share) * max(_LEARNING, 1 / self._answers)

    def _give_soon(self) -> None:
        # Of answers that come together all are taken note of first: a refusal may be among them.
        if self.waiting and not self._is_giving:
            self._is_giving = True
            self._loop.call_soon(self._give)

    def _delay(self, now: float, estimate: int) -> float:
        """Return the seconds until a call may be sent, as far as all models share the limits."""
        delay = self.window.delay(now, self.in_flight)
        if not delay and (delay := self.pace.delay(now)):
            # What a pace lets through tells nothing of the number. A window that was taken for wide enough
            # while the pace was sought used 0.62 of a server of 1,000 per second, instead of 0.80.
            self.window.is_held = False
        if self.circuit.is_suspect:
            delay = max(delay, self.circuit.delay(now, self.in_flight))
        if self._requests is not None:
            delay = max(delay, self._requests.delay(now, 1))
        if self._tokens is not None:
            delay = max(delay, self._tokens.delay(now, estimate * self._token_share))
        return delay

    def _quota_delay(self, queue: WaitingCalls, now: float, estimate: int) -> float:
        return queue.delay(now, estimate * self._token_share)

    def _admit(self, queue: WaitingCalls, now: float, estimate: int) -> Permit:
        self.in_flight += 1
        self._tick_later()
        keeps_pace = self.pace.is_known
        self.pace.sent(now)
        tokens = estimate * self._token_share
        queue.requests.take(1)
        queue.tokens.take(tokens)
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(tokens)
        taken = (queue.requests.taken, queue.tokens.taken)
        return Permit(queue, now, estimate, tokens, *taken, self.in_flight, keeps_pace)

    def _give(self) -> None:
        """Give permits to waiting calls as long as there are any, and set the timer for the next one."""
        self._is_giving = False
        now = self._loop.time()
        while self.waiting:
            first, delay = self._first(now)
            if first is not None:
                delay = self._delay(now, first[0].tokens)
            if first is None or delay > 0:
                self._wake_in(delay)
                return
            call, queue = first
            queue.pop()
            self._waits_no_more()
            call.future.set_result(self._admit(queue, now, call.tokens))

    def _waits_no_more(self) -> None:
        self.waiting -= 1
        if not self.waiting:
            self._wake_in(math.inf)
        if self.waiting == ENOUGH_WAITING // 2:
            self.on_appetite()

    def _first(self, now: float) -> tuple[tuple[WaitingCall, WaitingCalls] | None, float]:
        """Return the next call with its queue, or None and the seconds until a quota lets one through."""
        first: tuple[WaitingCall, WaitingCalls] | None = None
        soonest = math.inf
        for queue in self._queues.values():
            head = queue.head()
            if head is None:
                continue
            if delay := self._quota_delay(queue, now, head.tokens):
                soonest = min(soonest, delay)
            elif first is None or head < first[0]:
                first = head, queue
        return first, 0.0 if first else soonest

    def _tick_later(self) -> None:
        if self.window.is_opening and self._ticking is None:
            self._ticking = self._loop.call_later(TICK_SECONDS, self._tick, context=Context())

    def _tick(self) -> None:
        self._ticking = None
        self.window.tick()
        if self.in_flight:
            self._tick_later()
        self._give_soon()

    def _wake_in(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if delay != math.inf:
            self._timer = self._loop.call_later(delay, self._give, context=Context())


def _nothing() -> None:
    pass


def _wake(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)
