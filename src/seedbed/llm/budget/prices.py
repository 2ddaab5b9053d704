"""What calls cost: prices given by the user, or from the package genai-prices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.errors import UsageError
from seedbed.llm.response import Usage

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

_MILLION = 1_000_000
Price = Callable[[Usage], float]


class Rates(NamedTuple):
    """Dollars per million tokens; reasoning is paid as output."""

    input: float
    output: float
    cached: float

    def cost(self, usage: Usage) -> float:
        """Return what a usage costs."""
        fresh = usage.input_tokens - usage.cached_tokens
        dollars = fresh * self.input + usage.cached_tokens * self.cached + usage.output_tokens * self.output
        return dollars / _MILLION


FREE = "free"
"""The `price_id` of a model that runs on this machine: its calls cost nothing."""


def _nothing(usage: Usage) -> float:
    return 0.0


class Prices:
    """Prices of models: those given here, in dollars per million tokens, or else those of genai-prices.

        Prices(price_input=0.4, price_output=1.6).cost_of(llm, Usage(input_tokens=1000, output_tokens=500))

    Models are looked up once, under their `price_id`; if that's "free", calls cost nothing, unless prices are
    given. Those also apply to cached tokens. Nothing is fetched from the network.
    """

    def __init__(self, *, price_input: float | None = None, price_output: float | None = None) -> None:
        if (price_input is None) != (price_output is None):
            raise UsageError(
                "only one of the two prices is given: for prompts, or for answers",
                "give dollars per million tokens: "
                "--price-input and --price-output (price_input= and price_output= in Python)",
            )
        self._given: Price | None = None
        if price_input is not None and price_output is not None:
            if min(price_input, price_output) < 0:
                raise UsageError(f"a price is below zero: {min(price_input, price_output):g}")
            self._given = Rates(price_input, price_output, cached=price_input).cost
        # Also None, for a model that the list doesn't have: it's asked for at every call.
        self._found: dict[str, Price | None] = {}
        self._looking_up = threading.Lock()

    def cost_of(self, llm: Backend, usage: Usage) -> float | None:
        """Return what a usage costs in dollars, or None if no price is known."""
        price = self._price(llm)
        return None if price is None else price(usage)

    def batch_cost_of(self, llm: Backend, usage: Usage) -> float | None:
        """Return what a usage costs at the price of a batch; None if the list has none, or prices are given.

        The list names such a price as the model `MODEL:batch`; most providers' aren't in it.
        """
        if self._given is not None or llm.price_id is None:
            return None
        if llm.price_id == FREE:
            return 0.0
        name = f"{llm.price_id}:batch"
        if name not in self._found:
            with self._looking_up:
                self._found[name] = _listed(name, exactly=True)
        price = self._found[name]
        return None if price is None else price(usage)

    def check(self, llm: Backend) -> None:
        """Raise UsageError if an LLM has no known price."""
        if self._price(llm) is not None:
            return
        advice = (
            "give dollars per million tokens: --price-input and --price-output (price_input=... in Python)"
        )
        if llm.price_id is not None and not _is_installed():
            raise UsageError(
                f"the price of '{llm.reference}' is not known: genai-prices isn't installed",
                "pip install 'seedbed[prices]'",
                f"or {advice}",
            )
        raise UsageError(f"the price of '{llm.reference}' is not known", advice, "or don't set a cap on cost")

    def _price(self, llm: Backend) -> Price | None:
        if self._given is not None:
            return self._given
        name = llm.price_id
        if name is None:
            return None
        if name == FREE:
            return _nothing
        if name not in self._found:
            # The lock makes a call that comes during `look_up_soon` wait for it, instead of importing twice.
            with self._looking_up:
                if name not in self._found:
                    self._found[name] = _listed(name)
        return self._found[name]

    def look_up_soon(self, llms: Sequence[Backend]) -> None:
        """Start to look up what LLMs cost, in a thread; `cost_of` waits for it if it comes first."""
        # Loading the list takes a quarter of a second, half as much as everything else in a run of one row.
        # The first calls are sent meanwhile.
        if any(llm.price_id not in (None, FREE) for llm in llms) and self._given is None:
            threading.Thread(target=self._look_up, args=(llms,), name="seedbed-prices", daemon=True).start()

    def _look_up(self, llms: Sequence[Backend]) -> None:
        for llm in llms:
            # Nobody waits for this thread: the next `cost_of` raises the same error where it's seen.
            with suppress(Exception):
                self._price(llm)


def _is_installed() -> bool:
    try:
        import genai_prices  # noqa: F401
    except ImportError:
        return False
    return True


def _listed(name: str, *, exactly: bool = False) -> Price | None:
    """Return the price that genai-prices lists for `provider/model`; `exactly` for no similar name."""
    if not _is_installed():
        return None
    from genai_prices import Usage as ListUsage
    from genai_prices import calc_price

    provider, _, model = name.partition("/")

    def look_up(usage: Usage) -> Any:
        counted = ListUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_tokens,
        )
        return calc_price(counted, model, provider_id=provider)

    try:
        calculated = look_up(Usage(input_tokens=1, output_tokens=1))
    except LookupError:
        return None
    if exactly and calculated.model.id != model:
        return None
    found = calculated.model_price
    cached = found.input_mtok if found.cache_read_mtok is None else found.cache_read_mtok
    mtok = (found.input_mtok, found.output_mtok, cached)
    if all(rate is None or isinstance(rate, Decimal) for rate in mtok):
        return Rates(*(float(rate or 0) for rate in mtok)).cost
    # A plain multiplication, if the prices are plain numbers. Those that rise with the length of the prompt
    # are left to the package, which takes 0.1 ms for each call.
    return lambda usage: float(look_up(usage).total_price)
