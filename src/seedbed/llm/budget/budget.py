"""Caps on money, tokens and time: reserved before a call, settled after it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from seedbed.errors import BudgetExhaustedError, UsageError
from seedbed.llm.budget.prices import Prices
from seedbed.llm.json_text import json_text
from seedbed.llm.limits.waiting import ENOUGH_WAITING
from seedbed.llm.messages import parts
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

_DEFAULT_ANSWER = 1024
_LONGEST = "or lower max_tokens: of a call its prompt and its longest answer are set aside"
# What providers add around each message and for tools, and what an image takes, generously.
_TOKENS_OF_MESSAGE = 16
_TOKENS_OF_TOOLS = 512
_TOKENS_OF_IMAGE = 2048


class Spent(NamedTuple):
    """What was spent: tokens in and out, dollars, seconds."""

    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


class Cap(NamedTuple):
    """A cap on `cost`, `tokens` or `seconds`, and what is left below it."""

    kind: Literal["cost", "tokens", "seconds"]
    left: float
    most: float


class Reservation(NamedTuple):
    """What one call may take at most, as far as that can be told."""

    tokens: int = 0
    cost: float = 0.0


class _WaitingCall(NamedTuple):
    """A call that waits for room: the lowest rank has it first, and of equal ones the first that came."""

    rank: int
    number: int
    wanted: Reservation
    room: asyncio.Future[None]


async def _plainly(room: asyncio.Future[None]) -> None:
    await room


class Budget:
    """Caps on the tokens, the dollars and the seconds of a run, with what earlier sessions have `spent`.

    Where requests set `max_tokens`, what is reserved is never less than what a call takes, so that the caps
    are not exceeded; elsewhere an answer is reckoned with 1024 tokens, and the calls under way may exceed
    them. Time runs from the making of the budget. Lives on one event loop.
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
        self._under_way = 0
        self._queue: list[_WaitingCall] = []
        self._numbers = itertools.count()
        self.waiting = 0
        self.on_appetite: Callable[[], None] = lambda: None

    @property
    def spent(self) -> Spent:
        """What was spent so far, earlier sessions included."""
        return Spent(self._tokens, self._cost, self._earlier.seconds + time.monotonic() - self._begun)

    @property
    def seconds_left(self) -> float | None:
        """The seconds until the cap on time, or None where there is none."""
        return None if self._max_seconds is None else max(0.0, self._max_seconds - self.spent.seconds)

    @property
    def caps(self) -> list[Cap]:
        """The caps that are set, and what is left of each: what calls under way may take is not spent yet."""
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
        """Whether so many calls wait that more are of no use; `on_appetite` tells when half are left."""
        return self.waiting >= ENOUGH_WAITING

    def check_time(self) -> None:
        """Raise BudgetExhaustedError where the time is used up."""
        if self.seconds_left == 0.0:
            raise time_exhausted(self._max_seconds or 0.0)

    def check(self, llm: Backend) -> None:
        """Raise UsageError where there is a cap on cost and the price of an LLM is not known."""
        if self._max_cost is not None:
            self.prices.check(llm)

    async def reserve(
        self,
        llm: Backend,
        request: Request,
        rank: int = 0,
        wait: Callable[[asyncio.Future[None]], Awaitable[None]] = _plainly,
    ) -> Reservation:
        """Set aside what a call may take; `wait` for calls under way where they may leave enough.

        The lowest `rank` comes first. Raises BudgetExhaustedError where a cap leaves no room.
        """
        wanted = self._most(llm, request)
        room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _WaitingCall(rank, next(self._numbers), wanted, room))
        self._give_room()
        if room.done():
            room.result()
            return wanted
        self.waiting += 1
        try:
            await wait(room)
        except BaseException:
            self._abandon(room, wanted)
            raise
        finally:
            self.waiting -= 1
            if self.waiting == ENOUGH_WAITING // 2:
                self.on_appetite()
        return wanted

    def _abandon(self, room: asyncio.Future[None], wanted: Reservation) -> None:
        """Give back the room of a call that was cancelled, and its turn in any case."""
        if not room.done():
            room.cancel()
        elif not room.cancelled() and room.exception() is None:
            self._hold(Reservation(-wanted.tokens, -wanted.cost), -1)
        self._give_room()

    def settle(self, llm: Backend, reservation: Reservation, response: Response | None) -> None:
        """Count what a call took, nothing where it failed, and give back the rest of what was set aside."""
        self._hold(Reservation(-reservation.tokens, -reservation.cost), -1)
        if response is not None:
            self._tokens += response.usage.total_tokens or reservation.tokens
            self._cost += self._cost_of(llm, response.usage, reservation)
        self._give_room()

    def _give_room(self) -> None:
        """Give room to the calls that wait, as far as it goes; raise in them where nothing can leave any."""
        while self._queue:
            call = self._queue[0]
            if not call.room.done():
                lacking = self._lacking(call.wanted)
                if lacking is None:
                    self._hold(call.wanted, 1)
                    call.room.set_result(None)
                elif self._under_way and self.seconds_left != 0.0:
                    return
                else:
                    call.room.set_exception(lacking)
            heapq.heappop(self._queue)

    def _cost_of(self, llm: Backend, usage: Usage, reservation: Reservation) -> float:
        if self._max_cost is None:
            return 0.0
        # A server that does not tell what a call took is not taken for free.
        cost = self.prices.cost_of(llm, usage) if usage.total_tokens else None
        return reservation.cost if cost is None else cost

    def _hold(self, amount: Reservation, calls: int) -> None:
        tokens, cost = self._reserved
        self._reserved = Reservation(tokens + amount.tokens, cost + amount.cost)
        self._under_way += calls
        if not self._under_way:
            # Sums of floats leave remainders.
            self._reserved = Reservation()

    def _most(self, llm: Backend, request: Request) -> Reservation:
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
                f"${self._cost:.4f} of ${self._max_cost:.4f} are spent, "
                f"and the next call may take ${wanted.cost:.4f}",
                _LONGEST,
            )
        return None


def time_exhausted(seconds: float) -> BudgetExhaustedError:
    """Return the error of a run that has used up its seconds."""
    return _exhausted(f"the time of {seconds:g} s is used up")


def _exhausted(fact: str, *advice: str) -> BudgetExhaustedError:
    go_on = "raise the cap and start the run again: it goes on where it stopped"
    return BudgetExhaustedError(fact, go_on, *advice)


def prompt_bound(request: Request) -> int:
    """Return a number of tokens that the prompt does not exceed: no token is shorter than a byte."""
    tokens = 0
    for message in request.messages:
        tokens += _TOKENS_OF_MESSAGE
        for part in parts(message):
            tokens += len(part["text"].encode()) if "text" in part else _TOKENS_OF_IMAGE
        if calls := message.get("tool_calls"):
            tokens += len(json_text(calls))
    if request.tools:
        tokens += _TOKENS_OF_TOOLS + len(json_text([dict(tool) for tool in request.tools]))
    if request.schema is not None:
        tokens += _TOKENS_OF_TOOLS + len(json_text(dict(request.schema)))
    return tokens
