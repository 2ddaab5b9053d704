"""Sends one request to a backend: permits, tries, time-outs, and the check of the answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from seedbed.errors import (
    EndpointDownError,
    LLMError,
    RateLimitedError,
    SeedbedError,
)
from seedbed.llm.budget.budget import Budget
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.deadlines import Deadline, Deadlines
from seedbed.llm.calling.pool_senders import PoolSenders
from seedbed.llm.calling.response_check import checked_response
from seedbed.llm.calling.retry import RetryPolicy, Tries
from seedbed.llm.calling.sent import Sending
from seedbed.llm.calling.typed_errors import typed_error
from seedbed.llm.keys.key_guard import asking
from seedbed.llm.limits.adaptive_concurrency import START
from seedbed.llm.limits.circuit import CircuitPolicy, down
from seedbed.llm.limits.limiter import Limiter
from seedbed.llm.limits.waiting import Permit
from seedbed.llm.request import Request
from seedbed.llm.response import Response

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

logger = logging.getLogger(__name__)

DEFAULT_CONCURRENCY = START


class Sender:
    """Sends requests within the limits of each endpoint and credential, and retries them.

    `concurrency` is both start and cap of the number of calls in flight; without it, the number adapts. Lives
    on the loop thread.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        retry: RetryPolicy | None = None,
        budget: Budget | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        circuit: CircuitPolicy | None = None,
    ) -> None:
        self.counts = CallCounts()
        self._budget = budget
        self._retry = retry or RetryPolicy()
        # For each endpoint and credential, not for each LLM: two steps that use two models of one server
        # share its limits, since the server counts them together.
        self._limiter = partial(
            Limiter,
            concurrency=concurrency,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            circuit=circuit,
        )
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._pools = PoolSenders(self, self._retry, circuit, budget)
        self._deadlines: dict[float, Deadlines] = {}
        self._is_draining = False
        self.on_appetite: Callable[[], None] = lambda: None
        if budget is not None:
            budget.on_appetite = lambda: self.on_appetite()

    @property
    def has_enough(self) -> bool:
        """Whether enough calls wait, at every endpoint or for the budget, that more would only use memory.

        `on_appetite` is called when that changes. At every endpoint: as long as one of them has too few
        calls, another row may have one for it.
        """
        if self._budget is not None and self._budget.has_enough:
            return True
        if not self._pools:
            # For each row that starts, and nearly every run has no pool.
            for limiter in self._limiters.values():
                if not limiter.has_enough:
                    return False
            return bool(self._limiters)
        # Nothing waits for one endpoint of a pool: its calls wait for any of them.
        alone = [limiter for limiter in self._limiters.values() if not limiter.is_pooled]
        return self._pools.has_enough and all(limiter.has_enough for limiter in alone)

    async def send(
        self, llm: Backend, request: Request, rank: int = 0, sending: Sending | None = None
    ) -> Response:
        """Return the answer to one request; raise the typed LLMError of the last try if none succeeded.

        The lowest `rank`, which is the row's position, gets its permit first. `sending` takes notes; its
        `on_permit` is called then, unless the LLM is a pool.
        """
        if llm._pooled:
            return await self._pools.send(llm, request, rank, sending)
        limiter = self.limiter(llm)
        tries: Tries | None = None
        while True:
            try:
                # Each coroutine between a row and its socket costs every call, so there's none for a budget
                # that isn't set.
                if self._budget is None:
                    response = await self.send_permitted(limiter, llm, request, rank, None, sending)
                else:
                    response = await self._within_budget(self._budget, limiter, llm, request, rank, sending)
            except EndpointDownError:
                # An LLMError too, but the verdict on all calls: it isn't retried, nor counted as a failure.
                raise
            except LLMError as error:
                now = asyncio.get_running_loop().time()
                tries = tries or Tries(self._retry, now)
                await limiter.pauses.sleep(self._wait_after(error, tries, limiter, llm, now))
            else:
                limiter.circuit.answered()
                # What a run doesn't keep is no call of it: vectors that this machine makes again for nothing.
                # The run's record counts the answers that are kept, and both are to say the same.
                if llm._is_journalled:
                    self.counts.add(response)
                else:
                    self.counts.unanswered = None
                if sending is not None and tries is not None:
                    sending.failed = tries.count
                return response

    def _wait_after(self, error: LLMError, tries: Tries, limiter: Limiter, llm: Backend, now: float) -> float:
        """Return the seconds until the next try; raise if there's none, or if the endpoint is down."""
        wait = tries.wait_after(error, now)
        error.tries = tries.count
        if limiter.circuit.failed(now, error):
            # All that wait fail with one message. Each of a thousand rows would otherwise use up its own
            # tries.
            limiter.fail_waiting(partial(down, llm.reference, error))
            wait = None
            # A fatal error says more than that the endpoint is down: the wrong key, for example.
            if not error.fatal:
                raise down(llm.reference, error) from error
        if wait is None:
            raise error
        # No pause outlasts the run: it would end later than its cap on time.
        if self._budget is not None and self._budget.seconds_left is not None:
            wait = min(wait, self._budget.seconds_left)
        if error.retry_after is None:
            wait = min(wait, limiter.circuit.patience_left(now))
        self.counts.retry(error)
        logger.info("try %d failed, next in %.1f s: %s", tries.count, wait, error.fact)
        return wait

    async def _within_budget(
        self,
        budget: Budget,
        limiter: Limiter,
        llm: Backend,
        request: Request,
        rank: int,
        sending: Sending | None,
    ) -> Response:
        """Send a call once it has its reservation, and then its permit."""
        # The reservation comes before the permit. A call that waited for room with a permit kept it from the
        # others, and it was woken and sent when another call settled, even after Ctrl-C.
        reservation = await budget.reserve(llm, request, rank, limiter.pauses.wait)
        response = None
        try:
            response = await self.send_permitted(limiter, llm, request, rank, None, sending)
        finally:
            # Also if it was cancelled or failed: what isn't settled is lost to the rest of the run.
            budget.settle(llm, reservation, response)
        return response

    async def send_permitted(
        self,
        limiter: Limiter,
        llm: Backend,
        request: Request,
        rank: int,
        permit: Permit | None,
        sending: Sending | None,
    ) -> Response:
        """Send a call once it has its permit, and return its checked answer.

        This coroutine, `send` and the gateway's `_call` are all that is between an LLM and its backend. Each
        further one would cost every call, and cost it again whenever the call is resumed.
        """
        # An estimate looks at every message, so it's only made if there's a limit on tokens.
        if permit is None:
            tokens = llm.estimate_tokens(request) if limiter.counts_tokens else 0
            permit = await limiter.acquire(llm.model, rank, tokens)
            if sending is not None:
                sending.on_permit()
        deadline = self._deadline(llm.timeout)
        counts, begun = self.counts, time.monotonic()
        counts.in_flight += 1
        try:
            # The time may have run out while the call waited for its permit.
            if self._budget is not None:
                self._budget.check_time()
            # The LLM's time-out counts from here: waiting for a permit isn't the server's time.
            with deadline, asking(llm):
                answer = await awaitable(llm._ask_once(request), llm, "respond")
            response = checked_response(llm, request, answer)
        except Exception as error:
            failure = typed_error(llm, error, is_over=deadline.is_over)
            self._give_back(limiter, permit, failure)
            if sending is not None and isinstance(failure, LLMError):
                sending.note_failure(llm, time.monotonic() - begun, failure)
            if failure is error:
                raise
            raise failure from failure.__cause__
        except BaseException:
            # A cancellation. Not a `finally`: each permit is ended exactly once, and how it ends teaches the
            # limits something.
            limiter.ended(permit)
            raise
        finally:
            counts.in_flight -= 1
        seconds = time.monotonic() - begun
        if llm._is_journalled:
            counts.seconds += seconds
            counts.square_seconds += seconds * seconds
        if sending is not None:
            sending.note_answer(llm, seconds)
        limiter.answered(permit, response.limits, response.usage.total_tokens or None)
        return response

    def _give_back(self, limiter: Limiter, permit: Permit, failure: SeedbedError) -> None:
        # A 429 that isn't retryable means an account without credit: that says nothing about the pace.
        if isinstance(failure, RateLimitedError) and failure.retryable:
            self.counts.refused += 1
            limiter.refused(permit, failure.limits)
        else:
            limiter.ended(permit, failure.limits if isinstance(failure, LLMError) else None)

    def _deadline(self, seconds: float) -> Deadline:
        deadlines = self._deadlines.get(seconds)
        if deadlines is None:
            deadlines = self._deadlines[seconds] = Deadlines(seconds)
        return deadlines.within()

    def drain(self) -> None:
        """Cancel every call that hasn't been sent yet, and let those in flight finish."""
        # Kept for limiters that don't exist yet: a call may be the first one to its endpoint.
        self._is_draining = True
        self._pools.drain()
        for limiter in self._limiters.values():
            limiter.drain()

    def end(self) -> None:
        """Cancel the timers, once all calls have been cancelled: a timer would keep a finished run alive."""
        for deadlines in self._deadlines.values():
            deadlines.close()
        for limiter in self._limiters.values():
            limiter.end()
        self._pools.end()
        self.on_appetite = lambda: None

    def limiter(self, llm: Backend) -> Limiter:
        """Return the limiter of an LLM's endpoint and credential."""
        key = llm.limits_key
        limiter = self._limiters.get(key)
        if limiter is None:
            limiter = self._limiters[key] = self._limiter(slots=llm.slots)
            limiter.on_appetite = lambda: self.on_appetite()
            if self._is_draining:
                limiter.drain()
        return limiter
