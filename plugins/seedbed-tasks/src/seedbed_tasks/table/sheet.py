"""The drawn columns of a table: computed for a block of rows, handed out row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seedbed import InvalidRowError, Reject, Row, RowError
from seedbed_tasks.table.column import Column, Drawn
from seedbed_tasks.table.computed import Computed
from seedbed_tasks.table.constraints import Constraints, Group
from seedbed_tasks.table.date import Date
from seedbed_tasks.table.draws import ROWS, Draws, Floats, Integers, chosen
from seedbed_tasks.table.graph import in_order
from seedbed_tasks.table.number import Number

_BLOCKS = 4
"""Blocks that are kept: rows are asked for in order, but those that are retried are anywhere."""

_REDRAWN = 32
"""Rows that are drawn again at a time: of a constraint that can't hold, few rows should be tried in vain."""

_ALL = np.arange(ROWS)

Values = dict[str, list[Any]]
"""The values of a block by column; an exception stands for a value that can't be made."""


@dataclass(frozen=True)
class Block:
    """The values of a block of rows, and its rows; None stands for one whose constraints weren't checked."""

    order: list[str]
    values: Values
    rows: list[Row | Exception | None]


@dataclass(frozen=True)
class Sheet:
    """The columns of a table that no model writes, for one seed.

    Each value follows from the seed, the column's name and the row. `rows` are the rows that `balance`
    spreads values over, `fixed` has values that the first rows have whatever is drawn.
    """

    columns: Mapping[str, Column]
    constraints: Constraints
    seed: int
    rows: int | None
    redraws: int
    shown: Sequence[str]
    fixed: Mapping[str, list[Any]] = field(default_factory=dict)
    _blocks: dict[int, Block] = field(default_factory=dict)

    def row(self, index: int) -> Row:
        """Return the values of a row; raise RowError if it has none, Reject if no constraint could be met."""
        number, place = divmod(index, ROWS)
        if number not in self._blocks:
            while len(self._blocks) >= _BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = self._block(number)
        block = self._blocks[number]
        row = block.rows[place]
        if row is None:
            row = self._settled(block, number, place)
        if isinstance(row, Exception):
            raise row
        assert row is not None
        return row

    def _block(self, number: int) -> Block:
        values: Values = {}
        order = in_order(self.constraints.all_needs)
        for name in order:
            values[name] = self._made(name, number, _ALL, 0, values)
        if self.constraints.texts:
            return Block(order, values, [None] * ROWS)
        return Block(order, values, self._rows(values, 0, ROWS))

    def _settled(self, block: Block, number: int, place: int) -> Row | Exception | None:
        """Draw the rows around a place again until the constraints hold, and return its row."""
        start = place - place % _REDRAWN
        places = _ALL[start : start + _REDRAWN]
        for group in self.constraints.groups:
            self._redraw(group, number, block.order, block.values, places)
        block.rows[start : start + _REDRAWN] = self._rows(block.values, start, start + _REDRAWN)
        return block.rows[place]

    def _rows(self, values: Values, start: int, end: int) -> list[Row | Exception | None]:
        shown = self.shown
        if not shown:
            return [{} for _ in range(start, end)]
        parts = zip(*(values[name][start:end] for name in shown), strict=True)
        rows: list[Row | Exception | None] = [dict(zip(shown, row, strict=True)) for row in parts]
        for name in filter(self._may_lack, self.columns):
            for place, value in enumerate(values[name][start:end]):
                if isinstance(value, Exception):
                    rows[place] = value
        return rows

    def _redraw(self, group: Group, number: int, order: list[str], values: Values, places: Integers) -> None:
        """Draw rows again until the constraints hold; a row that never meets them gets an exception."""
        names = [name for name in order if name in group.after]
        left = self._failing(group, places, values)
        for attempt in range(1, self.redraws + 1):
            if not len(left):
                return
            for name in names:
                again = attempt if name in group.again else 0
                for place, value in zip(
                    left.tolist(), self._made(name, number, left, again, values), strict=True
                ):
                    values[name][place] = value
            left = self._failing(group, left, values)
        reason = Reject(f"no values drawn meet {' and '.join(group.texts)}")
        for name in names:
            for place in left.tolist():
                values[name][place] = reason

    def _failing(self, group: Group, places: Integers, values: Values) -> Integers:
        return np.array(
            [place for place in places.tolist() if self._fails(group, place, values)], dtype=np.int64
        )

    def _fails(self, group: Group, place: int, values: Values) -> bool:
        # A column that is drawn within bounds has NaN, shown as None, if they leave nothing.
        for name in group.again:
            if values[name][place] is _NOTHING:
                return True
        for check in group.checks:
            row = {name: values[name][place] for name in check.columns}
            if any(isinstance(value, Exception) for value in row.values()):
                return False
            try:
                if not check.holds(row):
                    return True
            except InvalidRowError as error:
                values[min(group.again)][place] = error
                return False
        return False

    def _made(self, name: str, number: int, places: Integers, attempt: int, values: Values) -> list[Any]:
        column = self.columns[name]
        needed = [other for other in column.needs if other in self.columns]
        lacking = self._lacking(needed, places, values)
        if lacking:
            made: list[Any] = [lacking.get(place) for place in places.tolist()]
            there = np.array([place for place in places.tolist() if place not in lacking], dtype=np.int64)
            for place, value in zip(
                there.tolist(), self._of(name, number, there, attempt, values), strict=True
            ):
                made[int(np.searchsorted(places, place))] = value
            return made
        return self._of(name, number, places, attempt, values)

    def _of(self, name: str, number: int, places: Integers, attempt: int, values: Values) -> list[Any]:
        column = self.columns[name]
        if not column.when:
            return self._drawn(name, column, number, places, attempt, values)
        made: list[Any] = [None] * len(places)
        groups: dict[int, tuple[Column, list[int]]] = {}
        for at, place in enumerate(places.tolist()):
            try:
                variant = column.variant(
                    {other: values[other][place] for other in column.needs if other in values}
                )
            except RowError as error:
                made[at] = error
                continue
            groups.setdefault(id(variant), (variant, []))[1].append(at)
        for variant, here in groups.values():
            some = self._drawn(name, variant, number, places[here], attempt, values)
            for at, value in zip(here, some, strict=True):
                made[at] = value
        return made

    def _drawn(
        self, name: str, column: Column, number: int, places: Integers, attempt: int, values: Values
    ) -> list[Any]:
        if isinstance(column, Computed):
            return [_computed(column, values, place) for place in places.tolist()]
        assert isinstance(column, Drawn)
        draws = Draws(self.seed, name, number, places, attempt, self.rows if column.balance else None)
        if name in self.constraints.bounds:
            return self._bounded(name, column, draws, values)
        others = {other: chosen(values[other], places) for other in column.reads}
        return self._with_fixed(name, draws, column.draw(draws, others))

    def _bounded(self, name: str, column: Column, draws: Draws, values: Values) -> list[Any]:
        """Return values within what the constraints leave."""
        assert isinstance(column, Number | Date)
        step = 1.0 if isinstance(column, Date) or column.is_whole else 10.0 ** -(column.decimals or 0)
        if isinstance(column, Number) and not column.is_whole and column.decimals is None:
            step = 0.0
        low, high = np.full(len(draws), -np.inf), np.full(len(draws), np.inf)
        for bound in self.constraints.bounds[name]:
            known = {other: self._numbers(other, draws.places, values) for other in bound.others}
            limit, is_upper = bound.limits(known, step, len(draws))
            low, high = (low, np.minimum(high, limit)) if is_upper else (np.maximum(low, limit), high)
        made = (
            column.steps(draws, low, high) if isinstance(column, Date) else column.numbers(draws, low, high)
        )
        lacking = np.isnan(made)
        shown = column.shown(np.where(lacking, 0, made))
        return [
            _NOTHING if is_none else value for value, is_none in zip(shown, lacking.tolist(), strict=True)
        ]

    def _numbers(self, name: str, places: Integers, values: Values) -> Floats:
        """Return the values of a column as numbers: dates in steps of their granularity, NaN for none."""
        column, some = self.columns[name], chosen(values[name], places)
        if isinstance(column, Date):
            some = ["NaT" if isinstance(value, Exception) else value for value in some]
            dates = np.array(some, dtype="M8[s]")
            steps = dates.astype(f"M8[{column.unit}]").astype(np.int64).astype(np.float64)
            return np.where(np.isnat(dates), np.nan, steps)
        return np.array(
            [np.nan if isinstance(value, Exception) else value for value in some], dtype=np.float64
        )

    def _with_fixed(self, name: str, draws: Draws, made: list[Any]) -> list[Any]:
        fixed = self.fixed.get(name, ())
        if draws.block * ROWS >= len(fixed):
            return made
        rows = draws.rows.tolist()
        return [fixed[row] if row < len(fixed) else value for row, value in zip(rows, made, strict=True)]

    def _lacking(self, needed: list[str], places: Integers, values: Values) -> dict[int, Exception]:
        """Return the places where a column that is needed has no value, with the reason."""
        found: dict[int, Exception] = {}
        for name in filter(self._may_lack, needed):
            column = values[name]
            for place in places.tolist():
                if isinstance(column[place], Exception):
                    found.setdefault(place, column[place])
        return found

    def _may_lack(self, name: str) -> bool:
        """Whether values of a column may be missing; most columns needn't be looked through."""
        if self.constraints.texts:
            return True
        return bool(self.columns[name].needs) or isinstance(self.columns[name], Computed)


class Sheets:
    """The sheet of the seed that was asked for last: a run has only one."""

    def __init__(self, make: Callable[[int], Sheet]) -> None:
        self._make = make
        self._seed: int | None = None
        self._sheet: Sheet | None = None

    def of(self, seed: int) -> Sheet:
        """Return the sheet of a seed."""
        if self._sheet is None or seed != self._seed:
            self._sheet, self._seed = self._make(seed), seed
        return self._sheet


_NOTHING = RowError("nothing is left to draw from")
"""Stands for a value that the constraints leave no room for."""


def _computed(column: Computed, values: Values, place: int) -> Any:
    try:
        return column.value({name: values[name][place] for name in column.reads if name in values})
    except RowError as error:
        return error
