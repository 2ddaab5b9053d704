"""Columns of dates and times."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from seedbed import InvalidRowError
from seedbed_tasks.table.column import Drawn, Others
from seedbed_tasks.table.draws import Draws, Floats, Integers
from seedbed_tasks.table.written_as import Moment

Granularity = Literal["year", "month", "day", "hour", "minute", "second"]

_UNITS: dict[Granularity, Literal["Y", "M", "D", "h", "m", "s"]] = {
    "year": "Y",
    "month": "M",
    "day": "D",
    "hour": "h",
    "minute": "m",
    "second": "s",
}
_IN_A_YEAR: dict[Granularity, int] = {
    "year": 1,
    "month": 12,
    "day": 366,
    "hour": 366 * 24,
    "minute": 366 * 24 * 60,
    "second": 366 * 24 * 3600,
}
"""Steps of each granularity in a year, at most."""
_WHOLE_DAYS = frozenset({"year", "month", "day"})


class Date(Drawn):
    """Dates, or times without a zone, in ISO 8601, each as likely as any other.

    Date(start="2024-01-01", end="2024-12-31")

    Instead of `start` and `end`, `after` names another column of dates, and `at_least` and `at_most` how many
    steps of the granularity come between: `Date(after="ordered", at_least=1, at_most=14)`.
    """

    spreads: ClassVar[bool] = True

    kind: Literal["date"] = "date"
    start: Moment | None = Field(default=None, description="No date is earlier.")
    end: Moment | None = Field(default=None, description="No date is later.")
    granularity: Granularity = Field(
        default="day", description="How far dates are apart: `month` draws the first of a month."
    )
    format: str | None = Field(
        default=None, description="How dates are written, as in Python's strftime: '%d.%m.%Y'."
    )
    after: str | None = Field(default=None, description="A column of dates that come before.")
    at_least: int | None = Field(default=None, description="Steps after that column, at least; 0 if unset.")
    at_most: int | None = Field(default=None, description="Steps after that column, at most.")

    @field_validator("start", "end")
    @classmethod
    def _check_zone(cls, value: datetime.date | None) -> datetime.date | None:
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            raise ValueError("give the time without a zone")
        return value

    @field_validator("format")
    @classmethod
    def _check_format(cls, value: str | None) -> str | None:
        if value is not None and "%" not in value:
            raise ValueError("a format has parts such as %Y, %m and %d")
        return value

    @model_validator(mode="after")
    def _check_range(self) -> Date:
        if self.after is None:
            self._check_start_and_end()
        elif self.start is not None or self.end is not None:
            raise ValueError("give either `start` and `end`, or `after`")
        elif self.at_most is None:
            raise ValueError("with `after`, `at_most` says how many steps later the last date is")
        elif self.at_most < (self.at_least or 0):
            raise ValueError(f"at_most is {self.at_most}, which is less than at_least ({self.at_least or 0})")
        elif self.unique or self.balance:
            raise ValueError("`unique` and `balance` need `start` and `end`")
        else:
            self._check_steps(max(self.at_least or 0, self.at_most, key=abs))
        return self

    def _check_steps(self, most: int) -> None:
        """Refuse steps beyond Python's years: a number that numpy can't hold would fail each row."""
        if abs(most) > 9999 * _IN_A_YEAR[self.granularity]:
            raise ValueError(f"no date is {most} {self.granularity}s after another: years end at 9999")

    def _check_start_and_end(self) -> None:
        if self.start is None or self.end is None:
            raise ValueError("give `start` and `end`, or `after` with `at_most`")
        if self.at_least is not None or self.at_most is not None:
            raise ValueError("`at_least` and `at_most` need `after`")
        low, high = self.bounds()
        if low > high:
            if np.datetime64(self.start, "s") > np.datetime64(self.end, "s"):
                raise ValueError("start is later than end")
            raise ValueError(f"no {self.granularity} begins between start and end")

    @property
    def reads(self) -> frozenset[str]:
        """The column of dates that come before."""
        return frozenset() if self.after is None else frozenset({self.after})

    @property
    def size(self) -> int | None:
        """How many dates there are, if they're between two given ones."""
        if self.after is not None:
            return None
        low, high = self.bounds()
        return high - low + 1

    @property
    def draws_unique(self) -> bool:
        """Whether `unique` is met by the way that values are drawn."""
        return self.after is None

    @property
    def unit(self) -> Literal["Y", "M", "D", "h", "m", "s"]:
        """The granularity as numpy writes it."""
        return _UNITS[self.granularity]

    def bounds(self) -> tuple[int, int]:
        """Return the first and the last date, in steps of the granularity since 1970."""
        assert self.start is not None
        assert self.end is not None
        start = np.datetime64(self.start, "s")
        low = start.astype(f"M8[{self.unit}]")
        low = low if low.astype("M8[s]") == start else low + 1
        high = np.datetime64(self.end, "s").astype(f"M8[{self.unit}]")
        return int(low.astype(np.int64)), int(high.astype(np.int64))

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return a date for each row."""
        if self.after is None:
            return self.shown(self.steps(draws))
        return self._after(draws, others[self.after])

    def steps(self, draws: Draws, low: Floats | None = None, high: Floats | None = None) -> Floats:
        """Return a step for each row, between `low` and `high` if given; NaN where there is none."""
        first, last = self.bounds()
        if self.unique:
            return (draws.distinct(last - first + 1) + first).astype(np.float64)
        least = np.full(len(draws), first, np.float64) if low is None else np.maximum(np.ceil(low), first)
        most = np.full(len(draws), last, np.float64) if high is None else np.minimum(np.floor(high), last)
        made = np.minimum(least + np.floor(draws.uniform() * (most - least + 1)), most)
        return np.where(least <= most, made, np.nan)

    def shown(self, steps: Floats) -> list[Any]:
        """Return steps as dates of the table."""
        return self._written(steps.astype(np.int64).astype(f"M8[{self.unit}]"))

    def _after(self, draws: Draws, before: Any) -> list[Any]:
        least, most = self.at_least or 0, self.at_most or 0
        waits: Integers = least + np.floor(draws.uniform() * (most - least + 1)).astype(np.int64)
        starts = [_read(value, self.after or "") for value in before]
        made: list[Any] = [one if isinstance(one, InvalidRowError) else None for one in starts]
        there = [place for place, one in enumerate(made) if one is None]
        dates = np.array([starts[place] for place in there], dtype="M8[s]")
        # In steps of the granularity: a month after the 31st is the first of the next month.
        units = dates.astype(f"M8[{self.unit}]") + waits[there]
        for place, shown in zip(there, self._written(units), strict=True):
            made[place] = shown
        return made

    def _written(self, dates: npt.NDArray[Any]) -> list[Any]:
        whole = dates.astype("M8[D]" if self.granularity in _WHOLE_DAYS else "M8[s]")
        if self.format is None:
            return list(np.datetime_as_string(whole).tolist())
        return [date.strftime(self.format) for date in whole.tolist()]


def _read(value: Any, column: str) -> Any:
    try:
        return np.datetime64(datetime.datetime.fromisoformat(value).replace(tzinfo=None), "s")
    except (TypeError, ValueError):
        return InvalidRowError(
            f"'{column}' is {value!r}, not a date in ISO 8601", "leave the `format` of that column out"
        )
