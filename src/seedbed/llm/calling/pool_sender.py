"""Sends the calls of a pool: each to the endpoint that has room and is least busy."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from seedbed.errors import EndpointDownError, LLMError
from seedbed.llm.calling.prefix_homes import homes_of
from seedbed.llm.calling.retry import RetryPolicy, Tries
from seedbed.llm.calling.sent import Sending
from seedbed.llm.keys.url_secrets import redacted_urls
from seedbed.llm.limits.circuit import Circuit, CircuitPolicy, down
from seedbed.llm.limits.endpoint_health import EndpointHealth
from seedbed.llm.limits.limiter import Limiter
from seedbed.llm.limits.waiting import ENOUGH_WAITING, Permit
from seedbed.llm.request import Request
from seedbed.llm.response import Response

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

logger = logging.getLogger(__name__)


class SenderCounts(Protocol):
    """The part of a sender's counts that a pool adds to."""

    retried: int

    def add(self, response: Response) -> None:
        """Count one answered call."""


@dataclass
class PoolPlace:
    """Where one call of a pool is sent: the number of its endpoint, and the one where it failed before.

    `sending` takes notes of the call, if someone wants to know.
    """

    number: int | None = None
    failed_at: int | None = None
    sending: Sending | None = None


class _WaitingCall(NamedTuple):
    rank: int
    order: int
    future: asyncio.Future[Permit]
    llm: Backend
    request: Request
    place: PoolPlace
    homes: Sequence[int] | None


SendOnce = Callable[["PoolSender", "Backend", Request, int, PoolPlace], Awaitable[Response]]


class PoolSender:
    """The calls that wait for any of several endpoints, lowest row first. Lives on one event loop.

    A call waits here and not for one endpoint, so that none waits while another endpoint is free, and no call
    is bound to an endpoint that dies. `send_once` sends a call within the budget, with a permit of `acquire`.
    """

    def __init__(
        self,
        limiters: Sequence[Limiter],
        send_once: SendOnce,
        retry: RetryPolicy,
        counts: SenderCounts,
        circuit: CircuitPolicy | None = None,
    ) -> None:
        self.limiters = limiters
        self.waiting = 0
        self.on_appetite: Callable[[], None] = lambda: None
        self._health = [EndpointHealth() for _ in limiters]
        self._circuit = Circuit(circuit)
        self._send_once = send_once
        self._retry = retry
        self._counts = counts
        self._heap: list[_WaitingCall] = []
        self._orders = itertools.count()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_giving = False
        self._is_draining = False

    @property
    def has_enough(self) -> bool:
        """Whether enough calls wait that more would only use memory; at half, `on_appetite` is called."""
        return self.waiting >= ENOUGH_WAITING

    async def send(
        self, llm: Backend, request: Request, rank: int, sending: Sending | None = None
    ) -> Response:
        """Return the answer to one request; raise the typed LLMError of the last try if none succeeded."""
        tries, place = Tries(self._retry, self._loop.time()), PoolPlace(sending=sending)
        while True:
            place.number = None
            try:
                response = await self._send_once(self, llm, request, rank, place)
            except EndpointDownError:
                raise
            except LLMError as error:
                if place.number is None:
                    raise
                wait = self._wait_after(error, tries, llm, place, place.number)
                self._counts.retry(error)
                if wait:
                    await self.limiters[0].pauses.sleep(wait)
            except BaseException:
                # Cancelled, or refused before anything was sent: it says nothing about the endpoint.
                if place.number is not None:
                    self._health[place.number].ended()
                raise
            else:
                assert place.number is not None
                self._answered(place.number, llm)
                self._counts.add(response)
                if sending is not None:
                    sending.failed = tries.count
                return response

    async def acquire(self, llm: Backend, request: Request, rank: int, place: PoolPlace) -> Permit:
        """Return a permit of an endpoint that has room, whose number is then in `place`."""
        if self._is_draining:
            raise asyncio.CancelledError
        homes = homes_of(llm, request) if llm._is_sticky else None
        future: asyncio.Future[Permit] = self._loop.create_future()
        call = _WaitingCall(rank, next(self._orders), future, llm, request, place, homes)
        if not self.waiting and (number := self._choose(call)) is not None:
            return self._take(call, number)
        heapq.heappush(self._heap, call)
        self.waiting += 1
        if self._heap[0] is call:
            self._give()
        try:
            permit = await future
        except asyncio.CancelledError:
            self._abandon(call)
            raise
        if self._is_draining:
            self._give_back(call, permit)
            raise asyncio.CancelledError
        return permit

    def wake_soon(self) -> None:
        """Look for room on the next turn of the loop: several answers may have arrived together."""
        if self.waiting and not self._is_giving:
            self._is_giving = True
            self._loop.call_soon(self._give)

    def drain(self) -> None:
        """Cancel every call that waits, and every call that would wait from now on."""
        self._is_draining = True
        for call in self._heap:
            call.future.cancel()

    def end(self) -> None:
        """Cancel the timer, once no call is in flight."""
        self._wake_in(math.inf)
        self.on_appetite = lambda: None

    def _answered(self, number: int, llm: Backend) -> None:
        self._circuit.answered()
        if self._health[number].answered():
            logger.warning("%s answers again", _named(llm, number))
            self.wake_soon()

    def _wait_after(
        self, error: LLMError, tries: Tries, llm: Backend, place: PoolPlace, number: int
    ) -> float:
        """Return the seconds until the next try; raise if there's none, or if all endpoints are down."""
        now = self._loop.time()
        wait = tries.wait_after(error, now)
        error.tries = tries.count
        if not (error.retryable or error.fatal):
            # It refused this one request, so it's alive, and the others would refuse it, too.
            self._answered(number, llm)
            raise error
        if self._health[number].failed(now, error):
            logger.warning("%s is left out and tried again later: %s", _named(llm, number), error.fact)
        self.wake_soon()
        place.failed_at = number
        if any(not one.is_out for other, one in enumerate(self._health) if other != number):
            # Each of the others may take it at once; after that, it's treated as with a single endpoint.
            wait = 0.0 if tries.count < len(self.limiters) else wait
        elif all(one.is_out for one in self._health) and self._circuit.failed(now, error):
            self._fail_waiting(llm)
            raise self._down(llm) from error
        elif error.fatal and len(self.limiters) > 1:
            wait = 0.0 if tries.count < len(self.limiters) else None
        if wait is None:
            raise error
        return wait

    def _down(self, llm: Backend) -> EndpointDownError:
        lasts = [one.last for one in self._health if one.last is not None]
        lines = [f"{_named(llm, k)}: {one.last.fact}" for k, one in enumerate(self._health) if one.last]
        failure = down(llm.reference, lasts[-1])
        return EndpointDownError(failure.fact, *lines, *lasts[-1].advice, status=lasts[-1].status)

    def _fail_waiting(self, llm: Backend) -> None:
        for call in self._heap:
            if not call.future.done():
                call.future.set_exception(self._down(llm))
                self._waits_no_more()

    def _choose(self, call: _WaitingCall) -> int | None:
        """Return the endpoint to which a call goes now, or None."""
        ready = [number for number in range(len(self.limiters)) if self._delay(call, number) == 0.0]
        if not ready:
            return None
        failed_at = call.place.failed_at
        if failed_at in ready and any(not one.is_out for k, one in enumerate(self._health) if k != failed_at):
            ready.remove(failed_at)
        if call.homes is not None:
            # The first of its endpoints that has room: a prompt that all rows share must not keep the others
            # idle.
            return next((number for number in call.homes if number in ready), None)
        return min(ready, key=self._load, default=None)

    def _load(self, number: int) -> float:
        limiter = self.limiters[number]
        return limiter.in_flight / limiter.window.limit

    def _delay(self, call: _WaitingCall, number: int) -> float:
        delay = self._health[number].delay(self._loop.time())
        if delay:
            return delay
        limiter, member = self.limiters[number], call.llm._pooled[number]
        return limiter.delay(member.model, _tokens(limiter, member, call.request))

    def _take(self, call: _WaitingCall, number: int) -> Permit:
        limiter, member = self.limiters[number], call.llm._pooled[number]
        call.place.number = number
        self._health[number].sent()
        return limiter.take(member.model, _tokens(limiter, member, call.request))

    def _give(self) -> None:
        self._is_giving = False
        while self._heap:
            call = self._heap[0]
            if call.future.done():
                heapq.heappop(self._heap)
                continue
            number = self._choose(call)
            if number is None:
                self._wake_in(min(self._delay(call, k) for k in range(len(self.limiters))))
                return
            heapq.heappop(self._heap)
            self._waits_no_more()
            call.future.set_result(self._take(call, number))

    def _abandon(self, call: _WaitingCall) -> None:
        if call.future.cancelled():
            self._waits_no_more()
            self.wake_soon()
        elif call.future.exception() is None:
            self._give_back(call, call.future.result())

    def _give_back(self, call: _WaitingCall, permit: Permit) -> None:
        assert call.place.number is not None
        self._health[call.place.number].ended()
        self.limiters[call.place.number].ended(permit)

    def _waits_no_more(self) -> None:
        self.waiting -= 1
        if self.waiting == ENOUGH_WAITING // 2:
            self.on_appetite()

    def _wake_in(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if 0 < delay < math.inf:
            # An empty context: the loop keeps a timer's context, and with it the row and its run.
            self._timer = self._loop.call_later(delay, self._give, context=Context())


def _tokens(limiter: Limiter, member: Backend, request: Request) -> int:
    return member.estimate_tokens(request) if limiter.counts_tokens else 0


def _named(llm: Backend, number: int) -> str:
    member = llm._pooled[number]
    return f"'{member.reference}' at '{redacted_urls(member.endpoint)}'"
