"""A bar for each step of a pipeline: rows in and out, the share that passes, and the rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from seedbed.cli.terminal.bar_text import shown
from seedbed.cli.terminal.cell_width import shortened
from seedbed.cli.terminal.counting import rate_text
from seedbed.cli.terminal.printing import in_one_line
from seedbed.cli.terminal.rates import Rate
from seedbed.engine.segments.step_counts import StepCounts
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.steps import GeneratorStep

_NAME = 20
"""Cells of a step's name."""
_BAR = 14
"""Cells of a bar."""
_ROOM_FOR_BARS, _ROOM_FOR_RATES = 72, 56


class StepBars:
    """Draws the `steps` in their order, as many as there are lines for.

    Runs in the main thread, while the run's thread updates the counts.
    """

    def __init__(self, steps: Sequence[BaseStep], counts: Mapping[str, StepCounts]) -> None:
        # A generator has no rows coming in: it tries indices, and has tried those that it's done with.
        self._words = {step.name: "tried" if isinstance(step, GeneratorStep) else "in" for step in steps}
        self._counts = counts
        self._rates: defaultdict[str, Rate] = defaultdict(Rate)

    def draw(self, now: float, wanted: int | None, width: int, lines: int) -> list[RenderableType]:
        """Return the lines of the steps; none for a single step, whose counts the run's bar shows already."""
        # The loop's thread may add to the dictionary meanwhile, so it's asked by name and not iterated.
        counts = {name: self._counts.get(name) or StepCounts() for name in self._words}
        rates = {name: self._rates[name].at(now, count.settled) for name, count in counts.items()}
        if len(counts) < 2 or lines < 1:
            return []
        chosen = self._chosen(counts, lines)
        table = Table.grid(padding=(0, 1))
        for number in range(6):
            table.add_column(no_wrap=True, justify="left" if number < 2 else "right")
        for name in chosen:
            word = self._words[name]
            table.add_row(*_cells(name, counts[name], word, rates[name], wanted, width))
        more = len(counts) - len(chosen)
        return [table, *([shown(f"and {more} more steps", "dim")] if more else [])]

    def _chosen(self, counts: Mapping[str, StepCounts], lines: int) -> list[str]:
        """Return the steps that there's room for, preferring those with rows in flight."""
        if len(counts) <= lines:
            return [*counts]
        busy = sorted(counts, key=lambda name: counts[name].taken <= counts[name].settled)
        fitting = set(busy[: max(1, lines - 1)])
        return [name for name in counts if name in fitting]


def _cells(
    name: str, counts: StepCounts, word: str, rate: float, wanted: int | None, width: int
) -> list[RenderableType]:
    total = None if wanted is None else max(wanted, counts.taken, counts.made, 1)
    bar = ProgressBar(total, counts.settled, width=_BAR, pulse=total is None)
    passed = counts.pass_rate
    count = counts.settled if word == "tried" else counts.taken
    return [
        shown("  " + shortened(in_one_line(name), min(_NAME, max(8, width // 4)))),
        bar if width >= _ROOM_FOR_BARS else shown(""),
        shown(f"{count:,} {word}" if counts.taken else ""),
        shown(f"{counts.made:,} out"),
        shown("" if passed is None else f"{passed:.0%} pass", "yellow"),
        shown(rate_text(rate) if width >= _ROOM_FOR_RATES else "", "dim"),
    ]
