"""Progress as a live bar on a terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table

from seedbed.cli.terminal.bar_text import shown
from seedbed.cli.terminal.cell_width import shortened
from seedbed.cli.terminal.live_area import LiveArea
from seedbed.cli.terminal.printing import in_one_line
from seedbed.cli.terminal.progress import Progress, rows_text
from seedbed.cli.terminal.step_bars import StepBars
from seedbed.cli.terminal.suspension import Suspension

if TYPE_CHECKING:
    from seedbed.engine.session import Session

_OTHER_LINES = 8  # Lines other than the steps, when they wrap on a narrow terminal.
_NAME = 24
"""Cells of the run's name."""
_ROOM_FOR_ONE_LINE = 72
"""Width from which the name, the bar and the counts fit in a line."""


class BarProgress(Progress):
    """Bars for the rows and each step, with cost and time left. They disappear when the run ends."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # A program with GNU readline sets COLUMNS for what it starts, and it doesn't follow a resize.
        environment = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self._console = Console(stderr=True, _environ=environment)
        self._spinner = Spinner("dots")
        self._steps = StepBars(session.plan.steps, session.steps)
        self._live = LiveArea(console=self._console, auto_refresh=False)
        self._suspension = Suspension()

    def __enter__(self) -> Self:
        self._suspension.__enter__()
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._suspension.__exit__(kind, error, trace)

    def update(self) -> None:
        """Draw the bar with the current counts."""
        if self._suspension.is_wanted:
            self._live.stop()
            self._suspension.suspend()
            self._live.start()
        rate = self.rate()
        self._live.update(self._loading() if self.is_loading else self._running(rate), refresh=True)

    def say(self, text: str) -> None:
        """Write a message above the bar."""
        self._console.print(shown(text))

    def _loading(self) -> RenderableType:
        self._spinner.update(text=shown(f"{self.loading_text()} ..."))
        return self._spinner

    def _running(self, rate: float) -> RenderableType:
        size = self._console.size
        steps = self._steps.draw(time.monotonic(), self.run.wanted, size.width, size.height - _OTHER_LINES)
        taken = shown(" · ".join(self.details(rate)), "dim")
        left = self.budget_texts()
        budget = [shown(f"left to spend: {' · '.join(left)}", "dim")] if left else []
        found = self.quality_texts()
        quality = [shown(" · ".join(found), "yellow")] if found else []
        failing = self.unanswered_text()
        unanswered = [shown(failing, "yellow")] if failing else []
        return Group(*self._rows(size.width), *steps, taken, *budget, *quality, *unanswered)

    def _rows(self, width: int) -> list[RenderableType]:
        """Return the bar of the run and its rows, in two lines if one is too short."""
        of = self.run.wanted
        name = shortened(in_one_line(self.run.name), min(_NAME, width // 2 - 2))
        bar = ProgressBar(of, self.settled, width=min(30, width // 2 - 4), pulse=of is None)
        parts: list[RenderableType] = [shown(name, "bold"), bar, shown(rows_text(self.run))]
        if width >= _ROOM_FOR_ONE_LINE:
            return [_beside(parts)]
        return [_beside(parts[:2]), parts[2]]


def _beside(parts: Sequence[RenderableType]) -> Table:
    line = Table.grid(padding=(0, 1))
    for _ in parts:
        line.add_column(no_wrap=True)
    line.add_row(*parts)
    return line
