"""What a run's tables declared about their columns, and how the rows compare with it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seedbed_report.figures import Balance, Share
from seedbed_report.values import number_of, shown

_ERRORS = 3
"""Standard errors from which a share is said to be off by more than chance."""


def declarations(manifest: Mapping[str, Any]) -> Iterator[Declared]:
    """Yield the columns of a run's tables whose shares or range were declared for all rows alike."""
    for step in manifest.get("steps", ()):
        columns = step.get("fields", {}).get("declared")
        for name, column in columns.items() if isinstance(columns, dict) else ():
            if isinstance(column, dict) and not column.get("when") and not column.get("drop"):
                declared = _declared(step["name"], name, column)
                if declared is not None:
                    yield declared


def _declared(step: str, name: str, column: Mapping[str, Any]) -> Declared | None:
    if column.get("kind") == "category" and isinstance(column.get("values"), list):
        values, weights = column["values"], column.get("weights")
        # A step of another package may have such a field, with anything in it.
        if weights is None or (_are_weights(weights) and len(weights) == len(values)):
            return Shares(step, name, values, weights)
    if column.get("kind") == "number":
        low, high = number_of(column.get("min")), number_of(column.get("max"))
        if low is not None or high is not None:
            return Range(step, name, low, high)
    return None


def _are_weights(given: Any) -> bool:
    numbers = [number_of(weight) or 0.0 for weight in given] if isinstance(given, list) else []
    return sum(numbers) > 0 and min(numbers) >= 0


class Declared(ABC):
    """A column with something declared; counts the values of the rows."""

    def __init__(self, step: str, column: str) -> None:
        self.step = step
        self.column = column
        self.rows = 0

    @abstractmethod
    def add(self, value: Any) -> None:
        """Count the value of a row."""

    @abstractmethod
    def figures(self) -> Balance:
        """Return how the rows compare with what was declared."""


class Shares(Declared):
    """A category, with the share of each value."""

    def __init__(
        self, step: str, column: str, values: Sequence[Any], weights: Sequence[float] | None
    ) -> None:
        super().__init__(step, column)
        given = weights or [1.0] * len(values)
        self._declared = {
            _key(value): weight / sum(given) for value, weight in zip(values, given, strict=True)
        }
        self._counts: Counter[str] = Counter()
        self._outside = 0

    def add(self, value: Any) -> None:
        """Count the value of a row."""
        self.rows += 1
        key = _key(value)
        if key in self._declared:
            self._counts[key] += 1
        else:
            self._outside += 1

    def figures(self) -> Balance:
        """Return the share of each value next to the declared one."""
        rows = self.rows or 1
        shares = [
            Share(value=shown(key), rows=self._counts[key], share=self._counts[key] / rows, declared=declared)
            for key, declared in self._declared.items()
        ]
        apart = sum(abs(share.share - (share.declared or 0)) for share in shares) + self._outside / rows
        return Balance(
            column=self.column,
            step=self.step,
            rows=self.rows,
            shares=shares,
            distance=apart / 2,
            beyond_chance=[share.value for share in shares if self._is_off(share)],
            min=None,
            max=None,
            outside=self._outside,
        )

    def _is_off(self, share: Share) -> bool:
        declared = share.declared or 0.0
        error = math.sqrt(declared * (1 - declared) / self.rows) if self.rows else math.inf
        return abs(share.share - declared) > _ERRORS * error + 1e-12


class Range(Declared):
    """A number, with the smallest and the largest; None for no bound."""

    def __init__(self, step: str, column: str, low: float | None, high: float | None) -> None:
        super().__init__(step, column)
        self._low, self._high = low, high
        self._outside = 0

    def add(self, value: Any) -> None:
        """Count the value of a row."""
        self.rows += 1
        number = number_of(value)
        low = -math.inf if self._low is None else self._low
        high = math.inf if self._high is None else self._high
        self._outside += number is None or not low <= number <= high

    def figures(self) -> Balance:
        """Return how many rows are outside."""
        return Balance(
            column=self.column,
            step=self.step,
            rows=self.rows,
            shares=[],
            distance=None,
            beyond_chance=[],
            min=self._low,
            max=self._high,
            outside=self._outside,
        )


def _key(value: Any) -> str:
    """Return the text by which a value is known; of True, False and None in lower case."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
