"""Columns with one of several given values, which may depend on another column."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from seedbed import InvalidRowError, did_you_mean
from seedbed_tasks.table.column import Drawn, Others
from seedbed_tasks.table.draws import Draws, Integers

Scalar = str | bool | int | float | None
"""A value that a row can show in a prompt, or None."""


class Category(Drawn):
    """One of several values.

    Category(values=["easy", "hard"], weights=[3, 1])
    """

    spreads: ClassVar[bool] = True

    kind: Literal["category"] = "category"
    values: list[Scalar] = Field(min_length=1, description="The values to choose from.")
    weights: list[float] | None = Field(
        default=None, description="How often each value comes, relative to the others."
    )

    @field_validator("values")
    @classmethod
    def _check_values(cls, values: list[Scalar]) -> list[Scalar]:
        return _distinct(values)

    @model_validator(mode="after")
    def _check_weights(self) -> Category:
        check_weights(self.weights, len(self.values))
        if self.unique and self.weights is not None:
            raise ValueError("`unique` gives each value once, so it can't be combined with `weights`")
        return self

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def draws_unique(self) -> bool:
        """Whether `unique` is met by the way that values are drawn."""
        return True

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return one of the values for each row."""
        return [self.values[place] for place in self._places(draws).tolist()]

    def _places(self, draws: Draws) -> Integers:
        if self.unique:
            return draws.distinct(self.size)
        if draws.strata is None:
            return places_by_weight(draws, self.weights, self.size)
        counts = exact_counts(self.weights or [1.0] * self.size, draws.strata)
        return np.searchsorted(np.cumsum(counts), draws.stratum(), side="right")


class Subcategory(Drawn):
    """One of several values that depend on the value of another column.

    Subcategory(of="animal", values={"dog": ["beagle", "poodle"], "cat": ["persian"]})
    """

    kind: Literal["subcategory"] = "subcategory"
    of: str = Field(description="The column that decides.")
    values: dict[str, list[Scalar]] = Field(
        min_length=1, description="The values to choose from, for each value of the other column."
    )
    weights: dict[str, list[float]] = Field(
        default_factory=dict, description="How often each value comes, for values of the other column."
    )

    @model_validator(mode="after")
    def _check_values(self) -> Subcategory:
        for value, inner in self.values.items():
            if not inner:
                raise ValueError(f"there are no values for {value!r}")
            _distinct(inner)
        for value, weights in self.weights.items():
            if value not in self.values:
                hint = "".join(f"; {line}" for line in did_you_mean(value, self.values))
                raise ValueError(f"`weights` has {value!r}, which `values` doesn't have{hint}")
            check_weights(weights, len(self.values[value]))
        if self.unique:
            raise ValueError("a subcategory depends on another column: it can't be `unique`")
        return self

    @property
    def reads(self) -> frozenset[str]:
        """The column that decides."""
        return frozenset({self.of})

    def check_covers(self, values: list[Scalar]) -> None:
        """Raise ValueError if the column that decides has values that this one doesn't know."""
        known = {_as_key(value) for value in values}
        lacking = [key for key in sorted(known) if key not in self.values]
        if lacking:
            raise ValueError(f"there are no values for {lacking[0]!r}, a value of '{self.of}'")
        if odd := [key for key in self.values if key not in known]:
            hint = "".join(f"; {line}" for line in did_you_mean(odd[0], known))
            raise ValueError(f"'{self.of}' never has the value {odd[0]!r}{hint}")

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return one of the values for each row, given those of the other column."""
        choices = {key: self._choices(key) for key in self.values}
        made: list[Any] = []
        for value, share in zip(others[self.of], draws.uniform().tolist(), strict=True):
            inner, ends = choices.get(_as_key(value), _NO_CHOICE)
            made.append(inner[bisect_right(ends, share)] if inner else self._unknown(value))
        return made

    def _choices(self, key: str) -> tuple[list[Scalar], list[float]]:
        """Return values, and below which share each of them but the last is chosen."""
        inner = self.values[key]
        weights = self.weights.get(key) or [1.0] * len(inner)
        shares = np.cumsum(weights) / sum(weights)
        return inner, shares[: _last(weights)].tolist()

    def _unknown(self, value: object) -> InvalidRowError:
        key = _as_key(value)
        return InvalidRowError(
            f"there are no values for {key!r}, a value of '{self.of}'", *did_you_mean(key, self.values)
        )


_NO_CHOICE: tuple[list[Scalar], list[float]] = ([], [])


def places_by_weight(draws: Draws, weights: list[float] | None, size: int) -> Integers:
    """Return for each row the place of one of `size` values."""
    share = draws.uniform()
    if weights is None:
        return np.minimum((share * size).astype(np.int64), size - 1)
    ends = np.cumsum(weights)
    return np.minimum(np.searchsorted(ends / ends[-1], share, side="right"), _last(weights))


def exact_counts(weights: list[float], rows: int) -> list[int]:
    """Return how often each value comes in so many rows, by largest remainder (Hamilton's method)."""
    total = sum(weights)
    wanted = [weight / total * rows for weight in weights]
    counts = [int(share) for share in wanted]
    by_remainder = sorted(range(len(weights)), key=lambda place: (counts[place] - wanted[place], place))
    for place in by_remainder[: rows - sum(counts)]:
        counts[place] += 1
    return counts


def check_weights(weights: list[float] | None, size: int) -> None:
    """Raise ValueError unless there's a weight for each of `size` values."""
    if weights is None:
        return
    if len(weights) != size:
        raise ValueError(f"there are {size} values, but {len(weights)} weights")
    if not all(0 <= weight < float("inf") for weight in weights) or not sum(weights) > 0:
        raise ValueError("weights are 0 or more, and not all 0")


def value_counts(values: list[Scalar]) -> dict[str, int]:
    """Return how often each value stands in a list, as JSON tells them apart: 1 and true are two."""
    counts: dict[str, int] = {}
    for value in values:
        counts[repr(value)] = counts.get(repr(value), 0) + 1
    return counts


def _distinct(values: list[Scalar]) -> list[Scalar]:
    for shown, times in value_counts(values).items():
        if times > 1:
            raise ValueError(f"the value {shown} is there {times} times: give it a weight instead")
    return values


def _as_key(value: Any) -> str:
    """Return a value as the keys of a pipeline file have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _last(weights: list[float]) -> int:
    return max(place for place, weight in enumerate(weights) if weight > 0)
