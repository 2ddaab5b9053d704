"""Text in columns, for people: fitted to the width of a terminal, complete in a file or pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType

from seedbed.cli.terminal.cell_width import padded, page_width, width_of
from seedbed.cli.terminal.fitting import GAP, FittedTable, TableColumn, fitted
from seedbed.cli.terminal.printing import Painted, echo, in_one_line

_PAINT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("ok", "complete"), "green"),
        **dict.fromkeys(("info", "running"), "blue"),
        **dict.fromkeys(("warning", "disabled"), "yellow"),
        **dict.fromkeys(("incomplete", "interrupted", "stopped", "killed", "empty"), "yellow"),
    }
)


def write_columns(
    columns: Sequence[TableColumn], rows: Sequence[Sequence[str]], painted: str = ""
) -> tuple[str, ...]:
    """Write rows of cells under their titles; return the titles that there was no room for.

    On a terminal the cells under the title `painted` are coloured.
    """
    table = FittedTable(tuple(columns), [[in_one_line(cell) for cell in row] for row in rows])
    width = page_width()
    if width is not None:
        table = fitted(table, width)
    _write(table, painted, width)
    return table.hidden


def _write(table: FittedTable, painted: str, width: int | None) -> None:
    widths = table.widths()
    whole = sum(widths) + GAP * (len(widths) - 1)
    flows = [i for i, one in enumerate(table.columns) if one.flows and width and whole > width]
    titles = [column.title.split("\n")[::-1] for column in table.columns]
    for part in reversed([*zip_longest(*titles, fillvalue="")]):
        echo(Painted(_line(table, part, widths, flows), bold=True))
    at = next((i for i, column in enumerate(table.columns) if column.title == painted), None)
    for row in table.rows:
        line = _line(table, row, widths, flows)
        if at is None:
            echo(line)
        else:
            start = len(_line(table, row[:at], widths, flows, rstrip=False)) + (GAP if at else 0)
            end = start + len(row[at])
            echo(line[:start], Painted(row[at], _PAINT.get(row[at], "red")), line[end:])
        for i in flows:
            if row[i]:
                write_wrapped(f"    {row[i]}", width)


def write_wrapped(text: str, width: int | None, indent: str = "    ") -> None:
    """Write a text in lines of a width, all but the first indented; in one line if `width` is None."""
    fits = width is None or width_of(text) <= width
    for line in [text] if fits else textwrap.wrap(text, max(width or 0, 20), subsequent_indent=indent + "  "):
        echo(line)


def _line(
    table: FittedTable,
    cells: Sequence[str],
    widths: Sequence[int],
    flows: Sequence[int],
    *,
    rstrip: bool = True,
) -> str:
    shown = [
        padded(cell, width, right=column.right)
        for i, (cell, width, column) in enumerate(zip(cells, widths, table.columns, strict=False))
        if i not in flows and width
    ]
    line = (" " * GAP).join(shown)
    return line.rstrip() if rstrip else line
