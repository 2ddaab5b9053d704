"""A file or folder put in the place of another: complete or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a new hidden path beside `target`; what the block makes there takes the place of `target`.

    It is durable before it takes the name. A block that ends by an error leaves `target` as it was
    and nothing beside it. A symbolic link stays one, and what it points to is replaced; a file keeps
    the mode of the one before it. Raises `OSError` as the file system does.
    """
    place = target.resolve() if target.is_symlink() else target
    made = hidden_beside(place)
    mode = stat.S_IMODE(place.stat().st_mode) if place.is_file() else None
    try:
        if mode is not None:
            made.touch(0o600)
        yield made
        if mode is not None:
            made.chmod(mode)
        _sync(made)
        _replace(made, place)
        with suppress(OSError):  # the dataset is in place; some file systems cannot sync a folder
            _sync_one(place.parent)
    finally:
        _remove(made)


def hidden_beside(path: Path) -> Path:
    """Return a new hidden name in the folder of `path`, recognisable as a part of it."""
    return path.with_name(f".{path.name[:40]}.{os.urandom(6).hex()}")


def _sync(made: Path) -> None:
    if made.is_dir():
        for file in made.iterdir():
            _sync_one(file)
    _sync_one(made)


def _sync_one(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _replace(made: Path, place: Path) -> None:
    """Rename; a folder that stands in the way is moved aside first, as it cannot be replaced in one step."""
    if not (made.is_dir() and place.is_dir()):
        made.replace(place)
        return
    old = hidden_beside(place)
    place.rename(old)
    made.rename(place)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
