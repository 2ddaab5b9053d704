"""The files that a pattern with `**` matches, where folders may hold links to themselves."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from seedbed.errors import UsageError

_ANY_FOLDERS = "**"


def matching(pattern: str) -> list[Path]:
    """Return the files that match a pattern, sorted by path; `**` matches any folders.

    Links to folders are followed, except to one that the path is in already. Raises UsageError for a link to
    a file that isn't there.
    """
    parts = PurePath(pattern).parts
    if _ANY_FOLDERS in parts and not pattern.endswith(("/", os.sep)):
        # `glob` would go round a link to its own folder forty times, and through two of them for ever.
        names = sorted(set(_through("", parts)))
    else:
        # `Path.glob` refuses absolute patterns.
        names = sorted(glob.glob(pattern))  # noqa: PTH207
    paths = [*map(Path, names)]
    refuse_broken_links(paths)
    return [path for path in paths if path.is_file()]


def refuse_broken_links(paths: Iterable[Path]) -> None:
    """Raise UsageError if one of the paths is a link to a file that isn't there."""
    # Left out, a file whose content isn't here, as in a repository of git-annex, would be missed by nobody.
    for path in paths:
        if path.is_symlink() and _is_gone(path):
            raise UsageError(
                f"'{path}' is a link to a file that isn't there",
                "fetch the file, as with `git annex get`, or remove the link",
            )


def _is_gone(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        # A link to itself stands for nothing that could be fetched.
        return False
    return False


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
