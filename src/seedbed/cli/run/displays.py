"""Which display of progress suits a run: none, a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from seedbed.cli.terminal.progress import LineProgress, NoProgress, Progress

if TYPE_CHECKING:
    from seedbed.engine.session import Session


def progress_of(session: Session, *, silent: bool, rows_on_terminal: bool) -> Progress:
    """Return the progress that suits: none, a bar on a terminal, lines elsewhere.

    Rows that are written to the terminal would tear a bar apart; lines go between them.
    """
    if silent:
        return NoProgress(session)
    if sys.stderr.isatty() and not rows_on_terminal:
        from seedbed.cli.terminal.bar import BarProgress

        return BarProgress(session)
    return LineProgress(session)
