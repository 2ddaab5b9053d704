"""The arguments of the command are text, since what is kept of a run is."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.errors import UsageError


def check_text(args: Sequence[str]) -> None:
    """Raise UsageError for an argument that is no text in UTF-8, as names of files may be on Linux."""
    for number, arg in enumerate(args, 1):
        if "\0" in arg or any("\ud800" <= mark <= "\udfff" for mark in arg):
            # It isn't quoted: it may hold a key.
            raise UsageError(f"argument {number} is not text in UTF-8", "rename the file that it names")
