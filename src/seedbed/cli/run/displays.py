"""Chooses how to show progress: not at all, as a bar on a terminal, as lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from seedbed.cli.terminal.printing import is_dumb
from seedbed.cli.terminal.progress import LineProgress, NoProgress, Progress

if TYPE_CHECKING:
    from seedbed.engine.session import Session


def progress_of(session: Session, *, silent: bool, rows_on_terminal: bool) -> Progress:
    """Return how to show progress: not at all, as a bar on a terminal, as lines elsewhere.

    If rows are written to the terminal too, they'd break up a bar, so there are lines; and a dumb terminal
    can't draw over anything.
    """
    if silent:
        return NoProgress(session)
    if sys.stderr.isatty() and not rows_on_terminal and not is_dumb():
        from seedbed.cli.terminal.bar import BarProgress

        return BarProgress(session)
    return LineProgress(session)
