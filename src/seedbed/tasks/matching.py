"""The files that a pattern with `**` matches, where folders may hold links to themselves."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path, PurePath

_ANY_FOLDERS = "**"


def matching(pattern: str) -> list[Path]:
    """Return the files that match a pattern, sorted by path; `**` matches any folders.

    Links to folders are followed, except to one that the path is in already.
    """
    parts = PurePath(pattern).parts
    if _ANY_FOLDERS in parts and not pattern.endswith(("/", os.sep)):
        # `glob` would go round a link to its own folder forty times, and through two of them for ever.
        names = sorted(set(_through("", parts)))
    else:
        # `Path.glob` refuses absolute patterns.
        names = sorted(glob.glob(pattern))  # noqa: PTH207
    return [path for path in map(Path, names) if path.is_file()]


def _through(folder: str, parts: tuple[str, ...]) -> Iterator[str]:
    """Yield what the parts of a pattern match in a folder."""
    at = parts.index(_ANY_FOLDERS) if _ANY_FOLDERS in parts else len(parts)
    found = glob.iglob(os.path.join(glob.escape(folder), *parts[:at])) if at else iter([folder])  # noqa: PTH118, PTH207
    if at == len(parts):
        yield from found
        return
    for one in found:
        for below in _folders(one, frozenset()):
            yield from _through(below, parts[at + 1 :] or ("*",))


def _folders(folder: str, above: frozenset[str]) -> Iterator[str]:
    """Yield a folder and those in it, at any depth; `above` are the real paths of those that it's in."""
    real = os.path.realpath(folder or os.curdir)
    if real in above:
        return
    yield folder
    try:
        # Names that begin with a dot are hidden, as they are to `*`.
        inner = sorted(name for name in os.listdir(real) if name[0] != ".")  # noqa: PTH208
    except OSError:
        # What can't be listed matches nothing, as everywhere in `glob`.
        return
    for name in inner:
        path = os.path.join(folder, name)  # noqa: PTH118
        if os.path.isdir(path):  # noqa: PTH112
            yield from _folders(path, above | {real})
