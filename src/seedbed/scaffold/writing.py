"""Writes the files of a new package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seedbed.errors import UsageError

_SHOWN = 3


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write `files`, by their path in `folder`; raise UsageError if one of them already exists."""
    there = [path for path in files if (folder / path).exists() or (folder / path).is_symlink()]
    if there:
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        raise UsageError(
            f"the folder '{folder}' already has {', '.join(there[:_SHOWN])}{more}",
            "nothing is overwritten: name another folder with --directory",
        )
    try:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"the folder '{folder}' cannot be written to: {error.strerror}") from error
