"""Where a run stops by itself, and how fast it may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from seedbed.engine.option_types import check_real, check_whole
from seedbed.errors import UsageError
from seedbed.llm.budget.budget import Budget, Spent
from seedbed.llm.budget.prices import Prices

GIVE_UP_AFTER = 50
BYTES_IN_FLIGHT = 2**28
_FEWEST = 100
_OPTIONS: Mapping[str, str] = MappingProxyType(
    {"max_tokens": "--max-tokens-total", "max_seconds": "--max-time"}
)
_WHOLE = frozenset({"max_attempts", "give_up_after", "max_tokens", "max_bytes_in_flight"})


@dataclass(frozen=True)
class MaxFailures:
    """How many rows may fail before a run stops: a number, or a share of the rows."""

    count: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, given: int | str | None) -> MaxFailures:
        """Return what `10`, `"10"` or `"5%"` stands for; raise UsageError for anything else."""
        if given is None:
            return cls()
        text = str(given).strip()
        try:
            if text.endswith("%") and 0 <= float(text[:-1]) <= 100:
                return cls(share=float(text[:-1]) / 100)
            if int(text) >= 0:
                return cls(count=int(text))
        except ValueError:
            pass
        raise UsageError(
            f"'{text}' is no number of failures", "write --max-failures 20, or --max-failures 5%"
        )

    def are_exceeded(self, failed: int, decided: int, wanted: int | None) -> bool:
        """Whether so many failures are too many; a share is one of the rows wanted, or of those decided."""
        if self.count is not None and failed > self.count:
            return True
        of = wanted if wanted is not None else max(decided, _FEWEST)
        return self.share is not None and failed > self.share * of


def check_size(what: str, number: int | None, least: int = -(2**63), most: int = 2**63 - 1) -> None:
    """Raise UsageError for a whole number that is too large for a run's store and its readers."""
    if number is not None and not least <= number <= most:
        # Python refuses to show a number of more than 4300 digits.
        raise UsageError(f"{what} is a number of {number.bit_length()} bits", "give one of less than 64")


@dataclass(frozen=True)
class Bounds:
    """What a run may take: indices tried, failed rows, dollars, tokens and seconds; None is without bound.

    `give_up_after` is how many rows may come to nothing for one reason before any row is made; 0: all.
    `max_bytes_in_flight` stops nothing, and holds back rows: 256 MiB of them unless set.
    Dollars, tokens and seconds span all sessions of a run. The two rates are limits per endpoint and key.
    The prices, in dollars per million tokens, take the place of those that are listed.
    """

    max_attempts: int | None = None
    max_failures: MaxFailures = MaxFailures()
    give_up_after: int = GIVE_UP_AFTER
    max_cost: float | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    max_bytes_in_flight: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price_input: float | None = None
    price_output: float | None = None

    def check(self) -> None:
        """Raise UsageError for a bound that leaves room for nothing."""
        given = {name: value for name, value in vars(self).items() if name != "max_failures"}
        check_whole(**{name: value for name, value in given.items() if name in _WHOLE})
        check_real(**given)
        for name, value in given.items():
            if name == "give_up_after" and value == 0:
                continue
            # Nothing is more than NaN. A price may be 0.
            if isinstance(value, (int, float)) and not value > 0 and not name.startswith("price"):
                option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
                raise UsageError(f"{option} {value:g} leaves room for nothing", "make it more than 0")
            if isinstance(value, int):
                check_size(name, value)

    @property
    def bytes_in_flight(self) -> int:
        """The bytes of rows that are read ahead, under way or waiting for the disk at a time."""
        return BYTES_IN_FLIGHT if self.max_bytes_in_flight is None else self.max_bytes_in_flight

    @property
    def prices(self) -> Prices:
        """The prices of models: those given here, else those that are listed."""
        return Prices(price_input=self.price_input, price_output=self.price_output)

    def budget(self, prices: Prices, spent: Spent) -> Budget | None:
        """Return the budget of a run that has `spent` so much before; None where nothing is capped."""
        if self.max_cost is None and self.max_tokens is None and self.max_seconds is None:
            return None
        return Budget(
            max_cost=self.max_cost,
            max_tokens=self.max_tokens,
            max_seconds=self.max_seconds,
            prices=prices,
            spent=spent,
        )


NO_BOUNDS = Bounds()
