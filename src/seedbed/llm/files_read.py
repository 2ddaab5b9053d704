"""Who hears of the files that a step reads while it makes a row: its results follow from what is in them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TypeAlias

Noted: TypeAlias = Callable[[Path], object]
"""Takes a file before it is read."""

current_files: ContextVar[Noted | None] = ContextVar("seedbed_files", default=None)
"""What takes the files that are read for the step at work; None without a run."""


def note_read(path: Path) -> None:
    """Say that the step at work is about to read a file."""
    sys.audit("seedbed.reads", str(path))
    noted = current_files.get()
    if noted is not None:
        noted(path)
