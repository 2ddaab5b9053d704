"""Writes the files of a new package."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
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
    made: list[Path] = []
    try:
        for path, text in files.items():
            _make_folder((folder / path).parent, made)
            made.append(folder / path)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except BaseException as error:
        # Half a package would be in the way of the same command.
        for path_made in reversed(made):
            _remove(path_made)
        if not isinstance(error, OSError):
            raise
        raise UsageError(f"the folder '{folder}' cannot be written to: {error.strerror}") from error


def _make_folder(folder: Path, made: list[Path]) -> None:
    if not folder.exists():
        _make_folder(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
