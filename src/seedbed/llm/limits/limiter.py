"""The limits of one endpoint and credential: when a call may be sent, and the lowest row first.

Nothing polls: a permit is given when a call comes, when one ends, or when a timer fires.
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
from seedbed.llm.limits.pauses import Pauses
from seedbed.llm.limits.quota import bucket_per_minute
from seedbed.llm.limits.waiting import ENOUGH_WAITING, ModelQueues, Permit, WaitingCall, WaitingCalls
from seedbed.llm.response import Limits

# How much the latest answer counts in the ratio of real to estimated tokens: about the last ten answers, so
# that a run whose second step writes longer answers is followed.
_LEARNING = 0.1


class Limiter:
    """Gives permits to send, as the window, the pace and the quotas allow. Lives on one event loop.

    Every permit must end with exactly one of `answered`, `refused` and `ended`, or its place in the window is
    lost for the rest of the run.
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
        self.pauses = Pauses()
        self._requests = bucket_per_minute(requests_per_minute) if requests_per_minute else None
        self._tokens = bucket_per_minute(tokens_per_minute) if tokens_per_minute else None
        self._loop = asyncio.get_running_loop()
        self._queues = ModelQueues()
        self._numbers = itertools.count()
        self.waiting = 0
        self.on_appetite: Callable[[], None] = lambda: None
        self.is_pooled = False
        self.on_room: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        self._is_draining = False
        self._learns_tokens = False
        self._token_share = 1.0
        self._answers = 0
        self._is_giving = False
        self._ticking: asyncio.TimerHandle | None = None
        self._has_ended = False

    @property
    def counts_tokens(self) -> bool:
        """Whether token counts affect scheduling; without a limit on tokens, nobody estimates any."""
        return self._tokens is not None or self._learns_tokens

    @property
    def has_enough(self) -> bool:
        """Whether enough calls wait that more would only use memory; at half, `on_appetite` is called."""
        return self.waiting >= ENOUGH_WAITING

    async def acquire(self, model: str, rank: int = 0, tokens: int = 0) -> Permit:
        """Return a permit for a call to `model` of about `tokens` tokens; the lowest rank comes first.

        Rank is the row's position, so rows finish in order: with first come, first served, the second calls
        of all rows would wait behind the first calls of later rows, and a stopped run would leave many half
        done.
        """
        if self._is_draining:
            raise asyncio.CancelledError
        queue = self._queues.of(model)
        now = self._loop.time()
        # Most calls get a permit at once, without a future and a turn of the loop. But only if none waits:
        # otherwise a late row would overtake an earlier one.
        if not (self.waiting or self._delay(now, tokens) or queue.delay(now, tokens * self._token_share)):
            return self._admit(queue, now, tokens)
        call = WaitingCall(rank, next(self._numbers), tokens, self._loop.create_future())
        self.waiting += 1
        # Whatever holds back the first call holds back this one too: no need to look.
        if queue.push(call):
            self._give()
        try:
            permit = await call.future
        except asyncio.CancelledError:
            self._abandon(call.future)
            raise
        if self._is_draining:
            # Drained after its permit came, but before its turn on the loop. It would be sent after Ctrl-C.
            self.ended(permit)
            raise asyncio.CancelledError
        return permit

    def delay(self, model: str, tokens: int = 0) -> float:
        """Return the seconds until a call could be sent; infinite if another one must end first."""
        if self.waiting:
            return math.inf
        now = self._loop.time()
        own = self._queues.of(model).delay(now, tokens * self._token_share)
        return max(self._delay(now, tokens), own)

    def take(self, model: str, tokens: int = 0) -> Permit:
        """Return a permit for a call that needn't wait: `delay` is 0 now."""
        return self._admit(self._queues.of(model), self._loop.time(), tokens)

    def _abandon(self, future: asyncio.Future[Permit]) -> None:
        if future.cancelled():
            self._waits_no_more()
            # The next call may be smaller, and fit into what is left of a quota.
            self._give_soon()
        elif future.exception() is None:
            # The permit came, and the caller was cancelled before it could take it.
            self.ended(future.result())
        # Otherwise `fail_waiting` came first, and has already counted it out. Don't call `future.result()`
        # then: it would replace the cancellation with the endpoint's error, which ends the run.

    def answered(self, permit: Permit, limits: Limits | None = None, tokens: int | None = None) -> None:
        """End a call that the server accepted: `limits` from its headers, `tokens` as they really were."""
        self.window.answered(self._loop.time(), permit.in_flight)
        if tokens is not None and permit.estimate:
            self._learn_share(tokens / permit.estimate)
        self._end(permit, limits, permit.tokens if tokens is None else tokens)

    def refused(self, permit: Permit, limits: Limits | None = None) -> None:
        """End a call that the server refused for its limits.

        A 429 doesn't say whether the calls were too many at once or too fast, so the number is blamed only if
        there's evidence. Blaming it too easily is worse: a server of 20 calls per second was taken for one
        that takes two at once, and so narrow a window holds back calls that the pace allows.
        """
        now = self._loop.time()
        many = self.window.is_unusual(permit.in_flight)
        # The number has been too high before, and the window was widened since: no need to slow down.
        if many and self.window.is_to_blame(permit.in_flight):
            self.window.refused(now, permit.sent_at, permit.in_flight)
        elif self.pace.refused(now, permit.sent_at):
            # A refused call that kept a measured pace was refused for something else. Calls that come too
            # fast say nothing about the number.
            if many and permit.keeps_pace:
                self.window.refused(now, permit.sent_at, permit.in_flight)
            self.window.begin_measure()
        self._end(permit, limits, 0)

    def ended(self, permit: Permit, limits: Limits | None = None) -> None:
        """End a call that says nothing about the pace: it failed for another reason, or was cancelled."""
        self._end(permit, limits, 0)

    def drain(self) -> None:
        """Cancel every call that waits, and every call that would wait from now on."""
        self._is_draining = True
        self.pauses.drain()
        for call in self._queues.waiting():
            call.cancel()

    def end(self) -> None:
        """Cancel the timers, once no call is in flight: they would keep the run's objects alive."""
        # What was to be done at the loop's next turn may set no new one.
        self._has_ended = True
        self._wake_in(math.inf)
        if self._ticking is not None:
            self._ticking.cancel()

    def fail_waiting(self, new_error: Callable[[], Exception]) -> None:
        """Have every call that waits, for a permit or anything before it, raise an error.

        `new_error` makes one for each, since a traceback belongs to one raise.
        """
        self.pauses.fail(new_error)
        for call in self._queues.waiting():
            call.set_exception(new_error())
            self._waits_no_more()

    def _end(self, permit: Permit, limits: Limits | None, tokens: float) -> None:
        self.in_flight -= 1
        self.window.ended()
        # A limit that the user gave is one of ours, so an estimate that was too high is returned at once. The
        # provider's own count needs no correction: the next headers bring it.
        if self._tokens is not None:
            self._tokens.give_back(permit.tokens - tokens)
        if limits is not None:
            permit.queue.learn(self._loop.time(), permit, limits)
            self._learns_tokens |= limits.tokens is not None
        self._give_soon()

    def _learn_share(self, used: float) -> None:
        # Estimates assume the longest answer, and most answers are shorter: without this, a limit on tokens
        # would be used up only by the share that answers take of `max_tokens`.
        self._answers += 1
        self._token_share += (used - self._token_share) * max(_LEARNING, 1 / self._answers)

    def _give_soon(self) -> None:
        # A pool's calls don't wait here, but until any of its endpoints has room.
        self.on_room()
        # Not at once: several answers may have arrived together, and a refusal among them must count first.
        if self.waiting and not self._is_giving:
            self._is_giving = True
            self._loop.call_soon(self._give)

    def _delay(self, now: float, estimate: int) -> float:
        """Return the seconds until a call may be sent, as far as the limits are shared by all models."""
        delay = self.window.delay(now, self.in_flight)
        if not delay and (delay := self.pace.delay(now)):
            # While the pace holds calls back, throughput says nothing about the number. A window that seemed
            # wide enough during the search used 0.62 of a server of 1,000 per second, instead of 0.80.
            self.window.is_held = False
        if self.circuit.is_suspect:
            delay = max(delay, self.circuit.delay(now, self.in_flight))
        if self._requests is not None:
            delay = max(delay, self._requests.delay(now, 1))
        if self._tokens is not None:
            delay = max(delay, self._tokens.delay(now, estimate * self._token_share))
        return delay

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
        """Give permits to waiting calls as long as there are any, and set the timer for the next one.

        The lowest row goes first, even if a later, smaller call would fit: otherwise small calls could keep a
        large one waiting for as long as the run lasts.
        """
        self._is_giving = False
        now = self._loop.time()
        while self.waiting:
            first, delay = self._queues.first(now, self._token_share)
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
        # At half, so that new rows are there before the queue runs dry: starting one takes a few turns.
        if self.waiting == ENOUGH_WAITING // 2:
            self.on_appetite()

    def _tick_later(self) -> None:
        if self.window.is_opening and self._ticking is None and not self._has_ended:
            self._ticking = self._loop.call_later(TICK_SECONDS, self._tick, context=Context())

    def _tick(self) -> None:
        self._ticking = None
        self.window.tick()
        # An idle limiter opens no further: the first calls after a pause would all go out at one moment.
        if self.in_flight:
            self._tick_later()
        self._give_soon()

    def _wake_in(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if delay != math.inf and not self._has_ended:
            self._timer = self._loop.call_later(delay, self._give, context=Context())
