"""Progress as a bar that is drawn again and again on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from seedbed.cli.printing import visible
from seedbed.cli.progress import Progress, rows_text

if TYPE_CHECKING:
    from seedbed.engine.session import Session


class BarProgress(Progress):
    """Two lines: a bar with the rows, and what they take; gone when the run has ended."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._console = Console(stderr=True)
        self._spinner = Spinner("dots")
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def update(self) -> None:
        """Draw the bar as the counts are now."""
        rate = self.rate()
        self._live.update(self._loading() if self.is_loading else self._running(rate), refresh=True)

    def say(self, text: str) -> None:
        """Write a message above the bar."""
        self._console.print(_text(text))

    def _loading(self) -> RenderableType:
        self._spinner.update(text=_text(f"{self.loading_text()} ..."))
        return self._spinner

    def _running(self, rate: float) -> RenderableType:
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True, max_width=24)
        line.add_column(min_width=10)
        line.add_column(no_wrap=True)
        of = self.run.wanted
        bar = ProgressBar(of, self.settled, width=30, pulse=of is None)
        line.add_row(_text(self.run.name, "bold"), bar, _text(rows_text(self.run)))
        return Group(line, _text(" · ".join(self.details(rate)), "dim"))


def _text(text: str, style: str = "") -> Text:
    # Not a string: rich would take [bold] in it for markup.
    return Text(visible(text), style=style)
