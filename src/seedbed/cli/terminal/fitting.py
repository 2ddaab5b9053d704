"""Fitting a table to a width: the least important columns are left out, and names are shortened."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from seedbed.cli.terminal.cell_width import shortened, width_of

GAP = 2
"""Spaces between two columns."""

_SHORT_NAME, _SHORTEST_NAME = 16, 8
_SAYS_NOTHING = frozenset({"", "-", "0"})


class TableColumn(NamedTuple):
    """A column of a table, in its widest form.

    If there's no room, the column with the least `weight` is left out first; columns without a weight stay.
    `brief` returns a shorter form of a cell. A `name` may be shortened in its middle. A column that `flows`
    is written below its row if it doesn't fit.
    """

    title: str
    weight: int = 0
    right: bool = False
    brief: Callable[[str], str] | None = None
    name: bool = False
    flows: bool = False


class FittedTable(NamedTuple):
    """Columns and the cells of each row; `hidden` has the titles of the columns left out."""

    columns: tuple[TableColumn, ...]
    rows: list[list[str]]
    hidden: tuple[str, ...] = ()

    def widths(self) -> list[int]:
        """Return the width of each column; for a title in lines, the longest line counts."""
        lines = [[width_of(line) for line in column.title.split("\n")] for column in self.columns]
        return [max([*lines[i], *(width_of(row[i]) for row in self.rows)]) for i in range(len(lines))]

    def width(self) -> int:
        """Return the width of a row; a column that flows has its own lines."""
        widths = [
            width for width, one in zip(self.widths(), self.columns, strict=True) if width and not one.flows
        ]
        return sum(widths) + GAP * (len(widths) - 1)


def fitted(table: FittedTable, width: int) -> FittedTable:
    """Fit a table to a width as well as possible: shorter forms first, then fewer columns."""
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
    """Leave out columns that are empty or 0 in every row, as far as needed."""
    idle = [
        column.title
        for i, column in enumerate(table.columns)
        if column.weight and all(row[i] in _SAYS_NOTHING for row in table.rows)
    ]
    for title in idle:
        if table.width() > width:
            table = _without(table, title)._replace(hidden=table.hidden)  # Not reported: nothing is missing.
    return table


def _without_light(table: FittedTable, width: int) -> FittedTable:
    """Leave out the least important columns, as far as shorter names don't make enough room."""
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
    """Shorten names, the longest first, but not below `shortest` cells or the width of their title."""
    names = [i for i, column in enumerate(table.columns) if column.name]
    # Cells shorter than their title would make no more room.
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
