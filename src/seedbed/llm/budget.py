"""Caps on money, tokens and time: reserved before a call, settled after it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

import orjson

from seedbed.errors import BudgetExhaustedError, UsageError
from seedbed.llm.messages import parts
from seedbed.llm.prices import Prices
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

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


class Reservation(NamedTuple):
    """What one call may take at most, as far as that can be told."""

    tokens: int = 0
    cost: float = 0.0


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
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def spent(self) -> Spent:
        """What was spent so far, earlier sessions included."""
        return Spent(self._tokens, self._cost, self._earlier.seconds + time.monotonic() - self._begun)

    @property
    def seconds_left(self) -> float | None:
        """The seconds until the cap on time, or None where there is none."""
        return None if self._max_seconds is None else max(0.0, self._max_seconds - self.spent.seconds)

    def check(self, llm: LLM) -> None:
        """Raise UsageError where there is a cap on cost and the price of an LLM is not known."""
        if self._max_cost is not None:
            self.prices.check(llm)

    async def reserve(self, llm: LLM, request: Request) -> Reservation:
        """Set aside what a call may take; wait for calls under way where they may leave enough.

        Raises BudgetExhaustedError where a cap leaves no room.
        """
        wanted = self._most(llm, request)
        while True:
            self._check_time()
            lacking = self._lacking(wanted)
            if lacking is None:
                self._hold(wanted, 1)
                return wanted
            if not self._under_way:
                raise lacking
            await self._until_a_call_ends()

    def settle(self, llm: LLM, reservation: Reservation, response: Response | None) -> None:
        """Count what a call took, nothing where it failed, and give back the rest of what was set aside."""
        self._hold(Reservation(-reservation.tokens, -reservation.cost), -1)
        if response is not None:
            self._tokens += response.usage.total_tokens or reservation.tokens
            self._cost += self._cost_of(llm, response.usage, reservation)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _cost_of(self, llm: LLM, usage: Usage, reservation: Reservation) -> float:
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

    async def _until_a_call_ends(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _most(self, llm: LLM, request: Request) -> Reservation:
        if self._max_tokens is None and self._max_cost is None:
            return Reservation()
        answer = (request.max_tokens or _DEFAULT_ANSWER) * request.n
        tokens = max(llm.estimate_tokens(request), prompt_bound(request) + answer)
        if self._max_cost is None:
            return Reservation(tokens)
        self.prices.check(llm)
        usage = Usage(input_tokens=max(0, tokens - answer), output_tokens=answer)
        return Reservation(tokens, self.prices.cost_of(llm, usage) or 0.0)

    def _check_time(self) -> None:
        if self.seconds_left == 0.0:
            raise time_exhausted(self._max_seconds or 0.0)

    def _lacking(self, wanted: Reservation) -> BudgetExhaustedError | None:
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
            tokens += len(orjson.dumps(calls))
    if request.tools:
        tokens += _TOKENS_OF_TOOLS + len(orjson.dumps([dict(tool) for tool in request.tools]))
    if request.schema is not None:
        tokens += _TOKENS_OF_TOOLS + len(orjson.dumps(dict(request.schema)))
    return tokens
