"""The files that a source names: one path, a folder, a pattern, or a list of these."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from seedbed import Files, UsageError, did_you_mean

Named: TypeAlias = Files | list[Files]
"""A parameter that names files."""


def named_files(named: Named, endings: tuple[str, ...] = ()) -> list[tuple[Path, str]]:
    """Return the files in order, each with its path below the folder or the pattern that names it.

    Of a folder, only files with one of `endings` count, if there are any. Raises UsageError if an entry names
    no file.
    """
    found: dict[Path, str] = {}
    for one in [named] if isinstance(named, str) else named:
        paths = one.paths()
        if endings and one.is_folder:
            paths = [path for path in paths if path.name.lower().endswith(endings)]
        if not paths:
            raise _nothing(one, endings)
        for path in paths:
            found.setdefault(path, path.relative_to(one.folder).as_posix())
    return list(found.items())


def _nothing(named: Files, endings: tuple[str, ...]) -> UsageError:
    path = Path(named)
    if "://" not in named and path.is_dir():
        kinds = f" that ends in {', '.join(endings)}" if endings else ""
        return UsageError(f"the folder '{named}' has no file{kinds}", "name the files by a pattern")
    if any(character in named for character in "*?["):
        return UsageError(f"no file matches '{named}'", "`*` stands for a name, `**` for any folders")
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    return UsageError(f"there is no file '{named}'", *did_you_mean(path.name, beside))
