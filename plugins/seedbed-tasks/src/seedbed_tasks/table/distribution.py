"""Distributions of numbers, each given by its quantiles, so that any of them can be cut off exactly."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from seedbed_tasks.table.counts import CountTable, binomial, poisson
from seedbed_tasks.table.draws import Floats
from seedbed_tasks.table.normal import normal_quantile, normal_share

Name = Literal["uniform", "normal", "lognormal", "exponential", "poisson", "bernoulli", "binomial", "mixture"]

_NEEDED: dict[str, tuple[str, ...]] = {
    "uniform": ("min", "max"),
    "normal": ("mean", "std"),
    "lognormal": ("mean", "std"),
    "exponential": ("mean",),
    "poisson": ("mean",),
    "bernoulli": ("probability",),
    "binomial": ("trials", "probability"),
    "mixture": ("parts",),
}
_MAY_BE_CUT = frozenset({"normal", "lognormal", "exponential", "poisson", "binomial", "uniform"})
_COUNTS = frozenset({"poisson", "bernoulli", "binomial"})
_PARAMETERS = ("min", "max", "mean", "std", "probability", "trials", "parts")

_HARDLY_ANY = 1e-9
"""If less than this share of a distribution lies between `min` and `max`, its quantiles lose their digits."""


class Distribution(BaseModel):
    """How numbers are distributed: the parameters that `number` columns and parts of mixtures share."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    distribution: Name = Field(default="uniform", description="The distribution that numbers are drawn from.")
    min: float | None = Field(
        default=None, allow_inf_nan=False, description="No number is smaller; cuts the distribution off."
    )
    max: float | None = Field(
        default=None, allow_inf_nan=False, description="No number is larger; cuts the distribution off."
    )
    mean: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="Mean, before `min` and `max` cut it off; for lognormal, that of the logarithm.",
    )
    std: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Standard deviation; that of the logarithm."
    )
    probability: float | None = Field(default=None, ge=0, le=1, description="Probability of a 1.")
    trials: int | None = Field(default=None, ge=1, le=10**9, description="Trials of a binomial distribution.")
    integer: bool = Field(default=False, description="Whole numbers.")
    decimals: int | None = Field(default=None, ge=0, le=15, description="Round to so many decimal places.")

    @model_validator(mode="after")
    def _check_parameters(self) -> Distribution:
        name, needed = self.distribution, _NEEDED[self.distribution]
        may = {*needed, *(("min", "max") if name in _MAY_BE_CUT else ())}
        for parameter in _PARAMETERS:
            given = getattr(self, parameter, None)
            if given is None and parameter in needed:
                raise ValueError(f"a {name} distribution needs `{parameter}`")
            if given is not None and parameter not in may:
                raise ValueError(
                    f"a {name} distribution has no `{parameter}`; it has {', '.join(sorted(may))}"
                )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min:g}, which is more than max ({self.max:g})")
        if self.integer and self.decimals:
            raise ValueError("give either `integer` or `decimals`")
        if name in ("exponential", "poisson") and not 0 < (self.mean or 0) <= 10**9:
            raise ValueError(f"the mean of a {name} distribution is more than 0 and at most 1e9")
        self._check_grid()
        if name != "mixture" and self._share_within() < _HARDLY_ANY:
            raise ValueError("hardly any number of the distribution lies between min and max")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether the numbers are integers."""
        return self.integer or self.distribution in _COUNTS

    @property
    def steps(self) -> int | None:
        """How many numbers a uniform distribution has, if they're rounded; None for any other."""
        if self.distribution != "uniform" or (not self.is_whole and self.decimals is None):
            return None
        low, high = self.grid()
        return int(high - low) + 1

    def grid(self) -> tuple[float, float]:
        """Return the smallest and the largest number allowed, in units of the last decimal place."""
        scale = 10.0 ** (self.decimals or 0)
        # 0.3 * 10 is just above 3: without the tolerance, 0.3 itself wouldn't be allowed.
        low = -np.inf if self.min is None else float(np.ceil(self.min * scale - 1e-9))
        high = np.inf if self.max is None else float(np.floor(self.max * scale + 1e-9))
        return low, high

    def numbers_at(self, share: Floats, low: Floats | None = None, high: Floats | None = None) -> Floats:
        """Return the number below which each share of the distribution lies, rounded as declared.

        With `low` and `high`, a number for each row, the distribution is cut off there as well: shares are
        those of what is left, NaN where nothing is.
        """
        least = np.full(len(share), -np.inf) if low is None else low
        most = np.full(len(share), np.inf) if high is None else high
        if self.min is not None:
            least = np.maximum(least, self.min)
        if self.max is not None:
            most = np.minimum(most, self.max)
        if low is None and high is None and self.min is None and self.max is None:
            return self._rounded(self._quantile(share))
        if self.steps is not None:
            return self._of_grid(share, least, most)
        return self._cut(share, least, most)

    def _cut(self, share: Floats, least: Floats, most: Floats) -> Floats:
        below, upto = self._below(least), self._upto(most)
        # Where nothing is left, or only the far tail, the sum may be 0 or 1, which have no quantile.
        shares = np.clip(below + share * (upto - below), 1e-300, 1 - 2.0**-53)
        made = np.clip(self._rounded(self._quantile(shares)), least, most)
        if self.is_whole or self.decimals is not None:
            made = self._clipped_to_grid(made, least, most)
        return np.where((upto - below > _HARDLY_ANY) & (least <= most), made, np.nan)

    def _of_grid(self, share: Floats, least: Floats, most: Floats) -> Floats:
        scale = 10.0 ** (self.decimals or 0)
        low, high = np.ceil(least * scale - 1e-9), np.floor(most * scale + 1e-9)
        made = np.minimum(low + np.floor(share * (high - low + 1)), high) / scale
        return np.where(low <= high, made, np.nan)

    def _clipped_to_grid(self, made: Floats, least: Floats, most: Floats) -> Floats:
        scale = 10.0 ** (self.decimals or 0)
        low, high = np.ceil(least * scale - 1e-9), np.floor(most * scale + 1e-9)
        # In units of the last place: bounds may be 5.1000000000000005, where 5.1 is meant.
        return np.where(low <= high, np.clip(np.rint(made * scale), low, high) / scale, np.nan)

    def _rounded(self, made: Floats) -> Floats:
        if self.integer:
            return np.rint(made)
        return made if self.decimals is None else np.round(made, self.decimals)

    def _quantile(self, share: Floats) -> Floats:
        mean, std = self.mean or 0.0, self.std or 1.0
        match self.distribution:
            case "uniform":
                assert self.min is not None
                assert self.max is not None
                return self.min + share * (self.max - self.min)
            case "normal":
                return mean + std * normal_quantile(share)
            case "lognormal":
                return np.exp(mean + std * normal_quantile(share))
            case "exponential":
                return -mean * np.log1p(-share)
            case "bernoulli":
                return (share > 1 - (self.probability or 0)).astype(np.float64)
            case _:
                return self._table().quantile(share)

    def _upto(self, values: Floats) -> Floats:
        """Return the probability of each value or less."""
        mean, std = self.mean or 0.0, self.std or 1.0
        match self.distribution:
            case "uniform":
                assert self.min is not None
                assert self.max is not None
                width = self.max - self.min
                if not width:
                    return np.where(values >= self.min, 1.0, 0.0)
                return np.clip((values - self.min) / width, 0.0, 1.0)
            case "normal":
                return normal_share((values - mean) / std)
            case "lognormal":
                with np.errstate(divide="ignore"):
                    return normal_share((np.log(np.maximum(values, 0)) - mean) / std)
            case "exponential":
                return -np.expm1(-np.maximum(values, 0) / mean)
            case "bernoulli":
                return np.where(values < 0, 0.0, np.where(values < 1, 1 - (self.probability or 0), 1.0))
            case _:
                return self._table().upto(values)

    def _below(self, values: Floats) -> Floats:
        """Return the probability of less than each value."""
        if self.distribution in _COUNTS:
            return self._upto(np.ceil(values) - 1)
        if self.distribution == "uniform" and self.min == self.max:
            return np.zeros(len(values))
        return self._upto(values)

    def _table(self) -> CountTable:
        if self.distribution == "poisson":
            return poisson(self.mean or 0.0)
        return binomial(self.trials or 1, self.probability or 0.0)

    def _check_grid(self) -> None:
        low, high = self.grid()
        if (self.is_whole or self.decimals is not None) and low > high:
            what = "whole number" if self.is_whole else f"number of {self.decimals} decimals"
            raise ValueError(f"there is no {what} between min and max")

    def _share_within(self) -> float:
        if self.min is None and self.max is None:
            return 1.0
        low = np.array([-np.inf if self.min is None else self.min])
        high = np.array([np.inf if self.max is None else self.max])
        return float((self._upto(high) - self._below(low))[0])
