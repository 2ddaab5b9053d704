"""Caps on money, tokens and time: reserved before a call, settled after it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from seedbed.errors import BudgetExhaustedError, UsageError
from seedbed.llm.budget.money import dollars
from seedbed.llm.budget.prices import Prices
from seedbed.llm.budget.prompt_bound import prompt_bound
from seedbed.llm.limits.waiting import ENOUGH_WAITING
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

# What an answer counts as if requests don't set `max_tokens`. Nobody knows how long it gets, so calls in
# flight may exceed the cap then.
_DEFAULT_ANSWER = 1024
_LONGEST = "or lower max_tokens: each call reserves its prompt and its longest answer"


class Spent(NamedTuple):
    """What was spent: tokens in and out, dollars, seconds."""

    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


class Cap(NamedTuple):
    """A cap on `cost`, `tokens` or `seconds`, and what is left of it."""

    kind: Literal["cost", "tokens", "seconds"]
    left: float
    most: float


class Reservation(NamedTuple):
    """The most that one call may take, as far as that is known."""

    tokens: int = 0
    cost: float = 0.0


class _WaitingCall(NamedTuple):
    """A call that waits for room: the lowest rank gets it first, and among equals the one that came first."""

    rank: int
    number: int
    wanted: Reservation
    room: asyncio.Future[None]


async def _plainly(room: asyncio.Future[None]) -> None:
    await room


class Budget:
    """Caps on the tokens, the dollars and the seconds of a run, including what earlier sessions have `spent`.

        budget = Budget(max_cost=5.0, max_tokens=1_000_000)
        reservation = await budget.reserve(llm, request)
        budget.settle(llm, reservation, await llm.respond(request))

    If requests set `max_tokens`, no call takes more than is reserved for it, so the caps aren't exceeded.
    Otherwise an answer counts as 1024 tokens, and the calls in flight may exceed them. The time starts when
    the budget is created. Lives on one event loop.
    """

    def __init__(
        self,
        *,
        max_cost: float | None = None,
        max_tokens: int | None = None,
        max_seconds: float | None = None,
        prices: Prices | None = None,
        spent: Spent = Spent(),  # noqa: B008 - immutable
    ) -> None:
        for name, cap in (("cost", max_cost), ("tokens", max_tokens), ("seconds", max_seconds)):
            if cap is not None and cap <= 0:
                raise UsageError(f"max_{name} is {cap:g}", "give a number above zero, or leave it out")
        self.prices = prices or Prices()
        self._max_cost = max_cost
        self._max_tokens = max_tokens
        self._max_seconds = max_seconds
        self._begun = time.monotonic()
        self._earlier = spent
        self._tokens = spent.tokens
        self._cost = spent.cost
        self._reserved = Reservation()
        self._in_flight = 0
        self._queue: list[_WaitingCall] = []
        self._numbers = itertools.count()
        self.waiting = 0
        self.on_appetite: Callable[[], None] = lambda: None

    @property
    def spent(self) -> Spent:
        """What was spent so far, including earlier sessions."""
        return Spent(self._tokens, self._cost, self._earlier.seconds + time.monotonic() - self._begun)

    @property
    def seconds_left(self) -> float | None:
        """The seconds until the cap on time, or None if there is none."""
        return None if self._max_seconds is None else max(0.0, self._max_seconds - self.spent.seconds)

    @property
    def caps(self) -> list[Cap]:
        """The caps that are set, and what is left of each; reservations aren't spent yet."""
        spent = self.spent
        caps: list[Cap] = []
        if self._max_cost is not None:
            caps.append(Cap("cost", max(0.0, self._max_cost - spent.cost), self._max_cost))
        if self._max_tokens is not None:
            caps.append(Cap("tokens", max(0, self._max_tokens - spent.tokens), self._max_tokens))
        if self._max_seconds is not None:
            caps.append(Cap("seconds", max(0.0, self._max_seconds - spent.seconds), self._max_seconds))
        return caps

    @property
    def has_enough(self) -> bool:
        """Whether enough calls wait that more would only use memory; at half, `on_appetite` is called."""
        return self.waiting >= ENOUGH_WAITING

    def check_time(self) -> None:
        """Raise BudgetExhaustedError if the time is used up."""
        if self.seconds_left == 0.0:
            raise time_exhausted(self._max_seconds or 0.0)

    def check(self, llm: Backend) -> None:
        """Raise UsageError if there's a cap on cost and an LLM has no known price."""
        # Before anything is spent: a cap that can't be enforced is worse than none.
        if self._max_cost is not None:
            self.prices.check(llm)

    async def reserve(
        self,
        llm: Backend,
        request: Request,
        rank: int = 0,
        wait: Callable[[asyncio.Future[None]], Awaitable[None]] = _plainly,
    ) -> Reservation:
        """Reserve what a call may take; `wait` for the calls in flight if they may leave enough.

        The lowest `rank` comes first. Raises BudgetExhaustedError if a cap leaves no room.
        """
        # Reserved before and settled after: if calls only counted when they end, 256 in flight could each be
        # the one that exceeds the cap.
        wanted = self._most(llm, request)
        await self.reserve_amount(wanted, rank, wait)
        return wanted

    async def reserve_amount(
        self,
        wanted: Reservation,
        rank: int = 0,
        wait: Callable[[asyncio.Future[None]], Awaitable[None]] = _plainly,
    ) -> None:
        """Reserve an amount, as `reserve` does for a call."""
        room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _WaitingCall(rank, next(self._numbers), wanted, room))
        self._give_room()
        # Through the queue even if there's room: a call of a later row mustn't overtake one that waits.
        if room.done():
            room.result()
            return
        self.waiting += 1
        try:
            await wait(room)
        # Also a cancellation: a reservation that nobody settles would lower the cap for the rest of the run.
        except BaseException:
            self._abandon(room, wanted)
            raise
        finally:
            self.waiting -= 1
            if self.waiting == ENOUGH_WAITING // 2:
                self.on_appetite()

    def _abandon(self, room: asyncio.Future[None], wanted: Reservation) -> None:
        """Return a cancelled call's room, if it had any, and pass on its turn."""
        if not room.done():
            room.cancel()
        elif not room.cancelled() and room.exception() is None:
            # The room came in the same turn of the loop as the cancellation.
            self._hold(Reservation(-wanted.tokens, -wanted.cost), -1)
        self._give_room()

    def settle(self, llm: Backend, reservation: Reservation, response: Response | None) -> None:
        """Count what a call took (nothing if it failed), and return the rest of its reservation."""
        # Nobody can know what a provider bills for a call that failed or was cancelled, so it isn't counted.
        taken = Reservation()
        if response is not None:
            # Some servers send no usage: then all that was reserved counts, or the cap would never be
            # reached.
            tokens = response.usage.total_tokens or reservation.tokens
            taken = Reservation(tokens, self._cost_of(llm, response.usage, reservation))
        self.settle_amount(reservation, taken)

    def settle_amount(self, reservation: Reservation, taken: Reservation) -> None:
        """Count what was taken, and return the rest of a reservation."""
        self._hold(Reservation(-reservation.tokens, -reservation.cost), -1)
        self._tokens += taken.tokens
        self._cost += taken.cost
        self._give_room()

    def _give_room(self) -> None:
        """Give room to the calls that wait, as far as it goes; raise in them if nothing can free any.

        Only the lowest row is looked at. Letting smaller calls pass would use up the cap to the last token,
        and leave rows half done: what they have paid for wouldn't make a row.
        """
        while self._queue:
            call = self._queue[0]
            if not call.room.done():
                lacking = self._lacking(call.wanted)
                if lacking is None:
                    self._hold(call.wanted, 1)
                    call.room.set_result(None)
                elif self._in_flight and self.seconds_left != 0.0:
                    # Most calls take less than they reserve, so one of those in flight may leave enough.
                    return
                else:
                    call.room.set_exception(lacking)
            heapq.heappop(self._queue)

    def _cost_of(self, llm: Backend, usage: Usage, reservation: Reservation) -> float:
        if self._max_cost is None:
            return 0.0
        # A server that doesn't say what a call took isn't free.
        cost = self.prices.cost_of(llm, usage) if usage.total_tokens else None
        return reservation.cost if cost is None else cost

    def _hold(self, amount: Reservation, calls: int) -> None:
        tokens, cost = self._reserved
        self._reserved = Reservation(tokens + amount.tokens, cost + amount.cost)
        self._in_flight += calls
        if not self._in_flight:
            # Sums of floats leave remainders, and a call that takes exactly what is left must fit.
            self._reserved = Reservation()

    def _most(self, llm: Backend, request: Request) -> Reservation:
        # A cap on time needs no counting, which costs a look at every message.
        if self._max_tokens is None and self._max_cost is None:
            return Reservation()
        answer = (request.max_tokens or _DEFAULT_ANSWER) * request.n
        tokens = max(llm.estimate_tokens(request), prompt_bound(request) + answer)
        if self._max_cost is None:
            return Reservation(tokens)
        self.prices.check(llm)
        usage = Usage(input_tokens=max(0, tokens - answer), output_tokens=answer)
        return Reservation(tokens, self.prices.cost_of(llm, usage) or 0.0)

    def _lacking(self, wanted: Reservation) -> BudgetExhaustedError | None:
        if self.seconds_left == 0.0:
            return time_exhausted(self._max_seconds or 0.0)
        tokens = self._tokens + self._reserved.tokens + wanted.tokens
        if self._max_tokens is not None and tokens > self._max_tokens:
            return _exhausted(
                f"{self._tokens:,} of {self._max_tokens:,} tokens are spent, "
                f"and the next call may take {wanted.tokens:,}",
                _LONGEST,
            )
        cost = self._cost + self._reserved.cost + wanted.cost
        if self._max_cost is not None and cost > self._max_cost:
            return _exhausted(
                f"{dollars(self._cost)} of {dollars(self._max_cost)} are spent, "
                f"and the next call may take {dollars(wanted.cost)}",
                _LONGEST,
            )
        return None


def time_exhausted(seconds: float) -> BudgetExhaustedError:
    """Return the error of a run whose time is used up."""
    return _exhausted(f"the time of {seconds:g} s is used up")


def _exhausted(fact: str, *advice: str) -> BudgetExhaustedError:
    resume = "raise the cap and start the run again: it resumes where it stopped"
    return BudgetExhaustedError(fact, resume, *advice)
