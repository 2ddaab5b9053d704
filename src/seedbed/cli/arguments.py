"""Checking that the arguments are text, which runs record, and that the current folder is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seedbed.errors import UsageError


def check_text(args: Sequence[str]) -> None:
    """Raise UsageError for an argument that isn't valid UTF-8, which a file name on Linux may be."""
    for number, arg in enumerate(args, 1):
        if "\0" in arg or any("\ud800" <= mark <= "\udfff" for mark in arg):
            # Named by its number and not quoted: it may hold a key.
            raise UsageError(f"argument {number} is not valid UTF-8", "rename the file that it names")


def check_folder() -> None:
    """Raise UsageError if the current folder has been removed, as happens in a shell that stays open."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the current folder no longer exists", "cd to one that does") from error
