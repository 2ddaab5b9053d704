"""What a page is made of: tables, plots and sections, in no markup yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed_report.words import number, percent


@dataclass(frozen=True)
class Table:
    """A table, with the heads of its columns."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bar:
    """One bar of a plot; `mark` is a value to compare with, such as a declared share."""

    label: str
    value: float
    mark: float | None = None


@dataclass(frozen=True)
class Plot:
    """Bars: of categories, or of the bins of a histogram, which have one edge more than there are bars.

    `axis` is our own word: Vega-Lite makes expressions of it, so it mustn't come from a run.
    """

    title: str
    axis: str
    bars: Sequence[Bar]
    edges: Sequence[float] = ()
    is_share: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page: paragraphs, plots, a table, and texts to read."""

    title: str
    level: int = 2
    says: Sequence[str] = ()
    table: Table | None = None
    plots: Sequence[Plot] = ()
    quotes: Sequence[tuple[str, str]] = field(default=())


def plotted(plot: Plot) -> Table:
    """Return the values of a plot as a table."""

    def value(given: float) -> str:
        return percent(given / 100) if plot.is_share else number(given)

    what = "share of rows" if plot.is_share else plot.axis
    mark = [plot.mark] if plot.mark else []
    heads = (plot.axis, "rows") if plot.edges else ("", what, *mark)
    lines = [
        (bar.label, value(bar.value), *([value(bar.mark or 0.0)] if plot.mark else [])) for bar in plot.bars
    ]
    return Table(heads, lines)
