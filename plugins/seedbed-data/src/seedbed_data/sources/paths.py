"""The files that a source names: one path, a folder, a pattern, or a list of these."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from seedbed import Files, UsageError

Named: TypeAlias = Files | Annotated[list[Files], Field(min_length=1)]
"""A parameter that names files."""


# What Python makes of bytes in a file's name that aren't UTF-8: no row can hold it.
_HALF = re.compile("[\ud800-\udfff]")


def named_files(named: Named, endings: tuple[str, ...] = ()) -> list[tuple[Path, str]]:
    """Return the files in order, each with its path below the folder or the pattern that names it.

    Of a folder, only files with one of `endings` count, if there are any. Raises UsageError if an entry names
    no file.
    """
    found: dict[Path, str] = {}
    for one in [named] if isinstance(named, str) else named:
        paths = one.require()
        if endings and one.is_folder:
            _refuse_broken_links(one.folder, endings)
            paths = [path for path in paths if path.name.lower().endswith(endings)]
        if not paths:
            fact = f"the folder '{one}' has no file that ends in {', '.join(endings)}"
            raise UsageError(fact, "name the files by a pattern")
        for path in paths:
            name = found.setdefault(path, path.relative_to(one.folder).as_posix())
            if _HALF.search(name):
                raise UsageError(f"the name of the file '{path}' is not valid UTF-8", "rename the file")
    return list(found.items())


def _refuse_broken_links(folder: Path, endings: tuple[str, ...]) -> None:
    # As in a repository of git-annex, whose files aren't here before they are fetched.
    for path in folder.rglob("*"):
        if path.name.lower().endswith(endings) and path.is_symlink() and not path.exists():
            raise UsageError(
                f"'{path}' is a link to a file that isn't there", "fetch the file, or remove the link"
            )
