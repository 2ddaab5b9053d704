"""The pools that a run's calls go to: calls to the same endpoints wait in one queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from seedbed.llm.budget.budget import Budget
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.pool_sender import PoolPlace, PoolSender
from seedbed.llm.calling.retry import RetryPolicy
from seedbed.llm.calling.sent import Sending
from seedbed.llm.limits.circuit import CircuitPolicy
from seedbed.llm.limits.limiter import Limiter
from seedbed.llm.limits.waiting import Permit
from seedbed.llm.request import Request
from seedbed.llm.response import Response

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend


class SendsOnce(Protocol):
    """The part of a sender that its pools use."""

    counts: CallCounts
    on_appetite: Callable[[], None]

    def limiter(self, llm: Backend) -> Limiter:
        """Return the limiter of an endpoint."""

    async def send_permitted(
        self,
        limiter: Limiter,
        llm: Backend,
        request: Request,
        rank: int,
        permit: Permit | None,
        sending: Sending | None,
    ) -> Response:
        """Send a call that has a permit, and return its checked answer."""


class PoolSenders:
    """A `PoolSender` for each set of endpoints: two steps with LLMs of one pool share what is known of it."""

    def __init__(
        self, sender: SendsOnce, retry: RetryPolicy, circuit: CircuitPolicy | None, budget: Budget | None
    ) -> None:
        self._sender = sender
        self._retry = retry
        self._circuit = circuit
        self._budget = budget
        self._pools: dict[tuple[tuple[str, str], ...], PoolSender] = {}
        self._is_draining = False

    def __bool__(self) -> bool:
        return bool(self._pools)

    @property
    def has_enough(self) -> bool:
        """Whether enough calls wait at every pool."""
        return all(pool.has_enough for pool in self._pools.values())

    async def send(self, llm: Backend, request: Request, rank: int, sending: Sending | None) -> Response:
        """Return an answer of one of the endpoints; raise the LLMError of the last try if none answered."""
        return await self._pool(llm).send(llm, request, rank, sending)

    def drain(self) -> None:
        """Cancel every call that hasn't been sent yet."""
        # Kept for pools that don't exist yet.
        self._is_draining = True
        for pool in self._pools.values():
            pool.drain()

    def end(self) -> None:
        """Cancel the timers."""
        for pool in self._pools.values():
            pool.end()

    def _pool(self, llm: Backend) -> PoolSender:
        key = tuple(member.limits_key for member in llm._pooled)
        pool = self._pools.get(key)
        if pool is None:
            limiters = [self._sender.limiter(member) for member in llm._pooled]
            pool = self._pools[key] = PoolSender(
                limiters, self._at_endpoint, self._retry, self._sender.counts, self._circuit
            )
            pool.on_appetite = lambda: self._sender.on_appetite()
            for limiter in limiters:
                limiter.is_pooled = True
                limiter.on_room = self._wake
            if self._is_draining:
                pool.drain()
        return pool

    def _wake(self) -> None:
        for pool in self._pools.values():
            pool.wake_soon()

    async def _at_endpoint(
        self, pool: PoolSender, llm: Backend, request: Request, rank: int, place: PoolPlace
    ) -> Response:
        """Send a call once, to an endpoint that has room, within the budget."""
        first = llm._pooled[0]
        if self._budget is None:
            return await self._at_place(pool, llm, request, rank, place)
        reservation = await self._budget.reserve(first, request, rank, pool.limiters[0].pauses.wait)
        response = None
        try:
            response = await self._at_place(pool, llm, request, rank, place)
        finally:
            self._budget.settle(first, reservation, response)
        return response

    async def _at_place(
        self, pool: PoolSender, llm: Backend, request: Request, rank: int, place: PoolPlace
    ) -> Response:
        permit = await pool.acquire(llm, request, rank, place)
        assert place.number is not None
        limiter, member = pool.limiters[place.number], llm._pooled[place.number]
        return await self._sender.send_permitted(limiter, member, request, rank, permit, place.sending)
