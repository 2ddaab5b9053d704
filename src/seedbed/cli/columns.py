"""Text in columns, for people; a column is as wide as its longest cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from seedbed.cli.printing import Painted, echo, in_one_line

_PAINT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("ok", "complete"), "green"),
        **dict.fromkeys(("info", "running"), "blue"),
        **dict.fromkeys(("warning", "disabled"), "yellow"),
        **dict.fromkeys(("incomplete", "interrupted", "stopped", "killed", "empty"), "yellow"),
    }
)


def write_columns(titles: Sequence[str], rows: Sequence[Sequence[str]], painted: int) -> None:
    """Write rows of cells under their titles; on a terminal the cells of column `painted` have a colour."""
    rows = [[in_one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in (titles, *rows)) for i in range(len(titles))]
    echo(Painted(_line(titles, widths), bold=True))
    for row in rows:
        before, after = _line(row[: painted + 1], widths), _line(row, widths)
        cell = row[painted]
        start = len(before) - len(cell)
        echo(before[:start], Painted(cell, _PAINT.get(cell, "red")), after[len(before) :])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()
