"""The files that a source names: one path, a folder, a pattern, or a list of these."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias

from seedbed import Files, UsageError

Named: TypeAlias = Files | list[Files]
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
            paths = [path for path in paths if path.name.lower().endswith(endings)]
        if not paths:
            fact = f"the folder '{one}' has no file that ends in {', '.join(endings)}"
            raise UsageError(fact, "name the files by a pattern")
        for path in paths:
            name = found.setdefault(path, path.relative_to(one.folder).as_posix())
            if _HALF.search(name):
                raise UsageError(f"the name of the file '{path}' is not valid UTF-8", "rename the file")
    return list(found.items())
