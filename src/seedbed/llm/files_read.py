"""Who is notified of the files that a step reads while it makes a row: its results depend on them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TypeAlias

Noted: TypeAlias = Callable[[Path], object]
"""Takes a file before it is read."""

current_files: ContextVar[Noted | None] = ContextVar("seedbed_files", default=None)
"""What is called with each file that the current step reads; None outside of a run."""


def note_read(path: Path) -> None:
    """Say that the current step is about to read a file."""
    # An audit event, so that the test kit can compare it with the files that are really opened.
    sys.audit("seedbed.reads", str(path))
    noted = current_files.get()
    if noted is not None:
        noted(path)
