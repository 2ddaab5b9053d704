"""A table that fits a width: what says least is left out, and names are shortened."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from seedbed.cli.terminal.cell_width import shortened, width_of

GAP = 2
"""Spaces between two columns."""

_SHORT_NAME, _SHORTEST_NAME = 16, 8
_SAYS_NOTHING = frozenset({"", "-", "0"})


class Column(NamedTuple):
    """A column of a table, as it is where there is room.

    The one with the least `weight` is left out first; those without a weight stay. `brief` returns a shorter
    form of a cell. A `name` may be shortened in its middle; what `flows` stands under its row where it does
    not fit.
    """

    title: str
    weight: int = 0
    right: bool = False
    brief: Callable[[str], str] | None = None
    name: bool = False
    flows: bool = False


class FittedTable(NamedTuple):
    """Columns and the cells of each row; `hidden` are the titles of those that are left out."""

    columns: tuple[Column, ...]
    rows: list[list[str]]
    hidden: tuple[str, ...] = ()

    def widths(self) -> list[int]:
        """Return the cells that each column takes; of a title, its longest line."""
        lines = [[width_of(line) for line in column.title.split("\n")] for column in self.columns]
        return [max([*lines[i], *(width_of(row[i]) for row in self.rows)]) for i in range(len(lines))]

    def width(self) -> int:
        """Return the cells that a row takes; what flows has lines of its own."""
        widths = [
            width for width, one in zip(self.widths(), self.columns, strict=True) if width and not one.flows
        ]
        return sum(widths) + GAP * (len(widths) - 1)


def fitted(table: FittedTable, width: int) -> FittedTable:
    """Return the table as it fits a width as well as it can: shorter forms first, then fewer columns."""
    for step in (_folded, _brief, _without_idle, _without_light):
        if table.width() <= width:
            return table
        table = step(table, width)
    return _with_short_names(table, width, _SHORTEST_NAME)


def _folded(table: FittedTable, width: int) -> FittedTable:
    columns = tuple(column._replace(title=column.title.replace(" ", "\n")) for column in table.columns)
    return table._replace(columns=columns)


def _brief(table: FittedTable, width: int) -> FittedTable:
    forms = [column.brief for column in table.columns]
    rows = [
        [form(cell) if form else cell for form, cell in zip(forms, row, strict=True)] for row in table.rows
    ]
    return table._replace(rows=rows)


def _without_idle(table: FittedTable, width: int) -> FittedTable:
    """Leave out columns that say nothing of any row, as far as that is needed."""
    idle = [
        column.title
        for i, column in enumerate(table.columns)
        if column.weight and all(row[i] in _SAYS_NOTHING for row in table.rows)
    ]
    for title in idle:
        if table.width() > width:
            table = _without(table, title)._replace(hidden=table.hidden)  # Nothing is missed there.
    return table


def _without_light(table: FittedTable, width: int) -> FittedTable:
    """Leave out the columns that say least, as far as shorter names do not make room enough."""
    for column in sorted((one for one in table.columns if one.weight), key=lambda one: one.weight):
        if _with_short_names(table, width, _SHORT_NAME).width() > width:
            table = _without(table, column.title)
    return table


def _without(table: FittedTable, title: str) -> FittedTable:
    at = [column.title for column in table.columns].index(title)
    columns = (*table.columns[:at], *table.columns[at + 1 :])
    hidden = (*table.hidden, title.replace("\n", " "))
    return FittedTable(columns, [[*row[:at], *row[at + 1 :]] for row in table.rows], hidden)


def _with_short_names(table: FittedTable, width: int, shortest: int) -> FittedTable:
    """Shorten names, the longest first, to no less than `shortest` cells, or those of their title."""
    names = [i for i, column in enumerate(table.columns) if column.name]
    # Cells that are shorter than their title make no room.
    titles = [max(map(width_of, column.title.split("\n"))) for column in table.columns]
    least = [max(shortest, width) for width in titles]
    while (excess := table.width() - width) > 0:
        widths = table.widths()
        names = [i for i in names if widths[i] > least[i]]
        if not names:
            break
        longest = max(names, key=lambda i: widths[i])
        others = [widths[i] for i in names if widths[i] < widths[longest]]
        target = max(least[longest], widths[longest] - excess, *others)
        rows = [[*row[:longest], shortened(row[longest], target), *row[longest + 1 :]] for row in table.rows]
        table = table._replace(rows=rows)
    return table
