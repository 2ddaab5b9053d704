"""What must hold between the columns of a row, and which columns are drawn so that it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seedbed import Expression
from seedbed_tasks.table.column import Column, Drawn
from seedbed_tasks.table.date import Date
from seedbed_tasks.table.draws import Floats
from seedbed_tasks.table.from_file import From
from seedbed_tasks.table.graph import above, below
from seedbed_tasks.table.linear import Linear, linear_parts
from seedbed_tasks.table.number import Number

Needs = Mapping[str, frozenset[str]]
Columns = Mapping[str, Column]


@dataclass(frozen=True)
class Bound:
    """An inequality that one column is drawn within, once the other is there."""

    column: str
    inequality: Linear

    @property
    def others(self) -> frozenset[str]:
        """The column that has to be there."""
        return frozenset(self.inequality.terms) - {self.column}

    def limits(self, values: Mapping[str, Floats], step: float, rows: int) -> tuple[Floats, bool]:
        """Return the limit of the column in each row, and whether it's the upper one.

        `step` is how far values of the column are apart, 0 if they aren't on a grid.
        """
        inequality = self.inequality
        factor = inequality.terms[self.column]
        rest = np.full(rows, inequality.constant)
        for name in self.others:
            rest = rest + inequality.terms[name] * values[name]
        limit = -rest / factor
        if not inequality.strict:
            return limit, factor > 0
        inward = -1.0 if factor > 0 else 1.0
        if not step:
            return np.nextafter(limit, inward * np.inf), factor > 0
        nearest = np.rint(limit / step)
        on_grid = np.abs(limit / step - nearest) < 1e-6
        return np.where(on_grid, (nearest + inward) * step, limit), factor > 0


@dataclass(frozen=True)
class Group:
    """Constraints that share columns, which are drawn again together until all of them hold.

    `again` has the columns that are drawn again, `after` all that are made from them.
    """

    checks: tuple[Expression, ...]
    again: frozenset[str]
    after: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Constraints:
    """The constraints of a table whose columns are all there before a model writes any."""

    texts: tuple[str, ...]
    columns: Columns
    needs: Needs
    kept: frozenset[str] = frozenset()

    @cached_property
    def bounds(self) -> dict[str, list[Bound]]:
        """The inequalities that columns are drawn within, by column."""
        found: dict[str, list[Bound]] = {}
        needs = dict(self.needs)
        for text in self.texts:
            for inequality in linear_parts(text) or ():
                bound = self._bound(inequality, needs)
                if bound is not None:
                    found.setdefault(bound.column, []).append(bound)
                    needs[bound.column] = needs[bound.column] | bound.others
        return found

    @cached_property
    def all_needs(self) -> dict[str, frozenset[str]]:
        """What columns need, with those that they're bounded by."""
        return {
            name: needed.union(*(bound.others for bound in self.bounds.get(name, ())))
            for name, needed in self.needs.items()
        }

    @cached_property
    def groups(self) -> list[Group]:
        """The constraints in groups; raise ValueError for one that nothing could be drawn again for."""
        groups: list[tuple[list[str], frozenset[str]]] = []
        for text in self.texts:
            texts, again = [text], self._again(text)
            for other in [other for other in groups if other[1] & again]:
                groups.remove(other)
                texts, again = [*other[0], *texts], again | other[1]
            groups.append((texts, again))
        return [self._group(texts, again) for texts, again in groups]

    def _group(self, texts: Sequence[str], again: frozenset[str]) -> Group:
        checks = tuple(Expression(text) for text in texts if not self._is_met(text))
        return Group(checks, again, below(again, self.all_needs), tuple(texts))

    def _is_met(self, text: str) -> bool:
        """Whether the columns are drawn so that a constraint can't fail, not even by a rounding error."""
        parts = linear_parts(text)
        solved = [bound.inequality for some in self.bounds.values() for bound in some]
        return parts is not None and all(part.is_plain and part in solved for part in parts)

    def _again(self, text: str) -> frozenset[str]:
        read = Expression(text).columns
        for name in sorted(read):
            column = self.columns[name]
            if isinstance(column, Date) and any(
                one.format for one in column.variants if isinstance(one, Date)
            ):
                raise ValueError(
                    f"the constraint {text!r} compares '{name}', whose `format` has another order than dates"
                )
        again = frozenset(name for name in above(read, self.all_needs) if self._moves(name))
        if not again:
            raise ValueError(
                f"the constraint {text!r} has no column that could be drawn again: "
                "columns with `balance`, `unique`, `pairwise` or `order: file` keep their values"
            )
        return again

    def _moves(self, name: str) -> bool:
        column = self.columns[name]
        if not isinstance(column, Drawn) or name in self.kept or column.balance:
            return False
        if column.unique and column.draws_unique:
            return False
        return not (isinstance(column, From) and column.order == "file")

    def _bound(self, inequality: Linear, needs: Needs) -> Bound | None:
        if len(inequality.terms) > 2 or not inequality.terms.keys() <= self.columns.keys():
            return None
        dates = [isinstance(self.columns[name], Date) for name in inequality.columns]
        if any(dates) and not self._compares_dates(inequality):
            return None
        # The column that is named last gives way: the first keeps its distribution.
        for name in reversed(inequality.columns):
            others = frozenset(inequality.terms) - {name}
            fits = self._can_be_bounded(name) and all(map(self._is_number, others))
            # In a circle, none of the columns could be drawn first.
            if fits and name not in above(others, needs):
                return Bound(name, inequality)
        return None

    def _compares_dates(self, inequality: Linear) -> bool:
        columns = [self.columns[name] for name in inequality.columns]
        units = {column.unit if isinstance(column, Date) and not column.when else None for column in columns}
        return len(columns) == 2 and inequality.is_plain and len(units) == 1 and None not in units

    def _can_be_bounded(self, name: str) -> bool:
        column = self.columns[name]
        if isinstance(column, Date):
            return self._moves(name) and column.after is None and not column.when
        return isinstance(column, Number) and self._moves(name) and column.parts is None and not column.when

    def _is_number(self, name: str) -> bool:
        return isinstance(self.columns[name], Number | Date)
