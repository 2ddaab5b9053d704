"""When a run stops by itself, and how fast it may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from seedbed.engine.option_types import check_names, check_real, check_whole
from seedbed.engine.sources.shard import Shard
from seedbed.errors import UsageError
from seedbed.llm.budget.budget import Budget, Spent
from seedbed.llm.budget.prices import Prices
from seedbed.pipeline.stop_condition import StopCondition

GIVE_UP_AFTER = 50
"""Rows that may come to nothing for the same reason before any row is made; see `GivingUp`."""
BYTES_IN_FLIGHT = 2**28
"""A quarter is for rows read ahead, half for those in flight, a quarter for what waits for the disk."""
# A share of the first few rows says little: of an input of unknown length, 5 % is at least 5 rows.
_FEWEST = 100
_HAIR = 1e-9
_OPTIONS: Mapping[str, str] = MappingProxyType(
    {"max_tokens": "--max-tokens-total", "max_seconds": "--max-time"}
)
_NO_NUMBERS = frozenset({"max_failures", "stop_if", "quality", "shard"})
_WHOLE = frozenset({"max_attempts", "give_up_after", "max_tokens", "max_bytes_in_flight"})


@dataclass(frozen=True)
class MaxFailures:
    """How many rows may fail before a run stops: a number, or a share of the rows."""

    count: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, given: int | str | None) -> MaxFailures:
        """Return what `10`, `"10"` or `"5%"` means; raise UsageError for anything else."""
        if given is None:
            return cls()
        text = str(given).strip()
        try:
            if text.endswith("%") and 0 <= float(text[:-1]) <= 100:
                return cls(share=float(text[:-1]) / 100)
            if int(text) >= 0:
                return cls(count=int(text))
        except ValueError:
            # Not a number: refused below, like a negative one.
            pass
        raise UsageError(
            f"'{text}' is not a number of failures",
            "write --max-failures 20, or --max-failures 5% (max_failures=20 or '5%' in Python)",
        )

    def are_exceeded(self, failed: int, decided: int, wanted: int | None) -> bool:
        """Whether these are too many failures; a share is of the rows wanted, or else of those decided."""
        if self.count is not None and failed > self.count:
            return True
        of = wanted if wanted is not None else max(decided, _FEWEST)
        # 0.29 * 100 is a hair below 29, and 29 rows of 100 aren't more than 29 %.
        return self.share is not None and failed > self.share * of + _HAIR


def check_size(what: str, number: int | None, least: int = -(2**63), most: int = 2**63 - 1) -> None:
    """Raise UsageError for a whole number that is too large for a run's store and its readers."""
    if number is not None and not least <= number <= most:
        # Python refuses to show a number of more than 4300 digits.
        raise UsageError(f"{what} is a number of {number.bit_length()} bits", "give one of less than 64")


@dataclass(frozen=True)
class Bounds:
    """What a run may take: indices tried, failed rows, dollars, tokens and seconds; None means no bound.

        Bounds(max_cost=5.0, max_failures=MaxFailures.parse("5%"))

    `give_up_after` is how many rows may come to nothing for the same reason before any row is made; 0: all.
    `stop_if` is an expression over the figures of `Run.quality`, measured unless `quality` is False.
    `max_bytes_in_flight` stops nothing but holds back rows: 256 MiB of them unless set. Dollars, tokens and
    seconds count over all sessions of a run. The two rates are limits per endpoint and key. With a `shard`,
    only that part of the rows is made. The prices, in dollars per million tokens, replace the listed ones.
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
    stop_if: str | None = None
    quality: bool = True
    shard: Shard | None = None

    @classmethod
    def parse(
        cls,
        *,
        max_failures: int | str | None = None,
        give_up_after: int | None = None,
        quality: bool | None = None,
        shard: str | None = None,
        **bounds: Any,
    ) -> Bounds:
        """Return the bounds that options mean, as users give them: `max_failures="5%"`, `shard="3/16"`."""
        return cls(
            shard=None if shard is None else Shard.parse(shard),
            max_failures=MaxFailures.parse(max_failures),
            give_up_after=GIVE_UP_AFTER if give_up_after is None else give_up_after,
            quality=quality is not False,
            **bounds,
        )

    def check(self) -> None:
        """Raise UsageError for a bound that leaves no room for anything."""
        given = {name: value for name, value in vars(self).items() if name not in _NO_NUMBERS}
        check_names(stop_if=self.stop_if)
        if self.stop_if is not None:
            if not self.quality:
                raise UsageError(
                    f"the stop condition {self.stop_if!r} needs the quality, which isn't measured",
                    "leave out --no-quality (quality=False in Python)",
                )
            StopCondition(self.stop_if)
        check_whole(**{name: value for name, value in given.items() if name in _WHOLE})
        check_real(**given)
        for name, value in given.items():
            if name == "give_up_after" and value == 0:
                continue
            # `not > 0` instead of `<= 0`, which is false for NaN. A price may be 0.
            if isinstance(value, (int, float)) and not value > 0 and not name.startswith("price"):
                option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
                raise UsageError(
                    f"{option} {value:g} leaves no room for anything",
                    f"make it more than 0 ({name}= in Python)",
                )
            if isinstance(value, int):
                check_size(name, value)

    def with_defaults(self, **defaults: Any) -> Bounds:
        """Return the bounds with `defaults` for those of them that are None."""
        return replace(
            self, **{name: value for name, value in defaults.items() if getattr(self, name) is None}
        )

    @property
    def bytes_in_flight(self) -> int:
        """The bytes of rows that may be read ahead, in flight or waiting for the disk at a time."""
        return BYTES_IN_FLIGHT if self.max_bytes_in_flight is None else self.max_bytes_in_flight

    @property
    def prices(self) -> Prices:
        """The prices of models: those given here, or else the listed ones."""
        return Prices(price_input=self.price_input, price_output=self.price_output)

    def budget(self, prices: Prices, spent: Spent) -> Budget | None:
        """Return the budget of a run that has spent `spent` before; None if nothing is capped."""
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
