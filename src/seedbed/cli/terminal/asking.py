"""Asking before something that can't be undone."""

from __future__ import annotations

import sys

from seedbed.cli.terminal.printing import confirm
from seedbed.errors import UsageError


def is_agreed(fact: str, question: str, yes: bool) -> bool:
    """Return whether the user agrees to `fact`, by --yes or when asked on a terminal.

    Raises UsageError if there's no terminal to ask on.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{fact}, and there is no terminal to ask on", "confirm it with --yes")
    return confirm(fact, question)
