"""Questions before what cannot be undone."""

from __future__ import annotations

import sys

from seedbed.cli.terminal.printing import confirm
from seedbed.errors import UsageError


def is_agreed(fact: str, question: str, yes: bool) -> bool:
    """Return whether the user wants what `fact` says: by --yes, or asked on a terminal.

    Raises UsageError where nobody can be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{fact}, and nobody is there to be asked", "--yes says that it is meant")
    return confirm(fact, question)
