"""A file or folder put in the place of another: complete or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
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
    if place.exists():
        # Where it does not, what is hidden may be all that there is: see `_replace`.
        sweep(place)
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
        sweep(place)
    finally:
        _remove(made)


def hidden_beside(path: Path) -> Path:
    """Return a new hidden name in the folder of `path`, recognisable as a part of it, and whose it is."""
    return path.with_name(f"{_beginning(path)}{_host()}.{os.getpid()}.{os.urandom(4).hex()}")


def sweep(path: Path) -> None:
    """Remove what killed processes of this machine have left beside `path`."""
    begins = _beginning(path)
    with suppress(OSError):
        for found in [*path.parent.iterdir()]:
            match = _ENDING.fullmatch(found.name.removeprefix(begins))
            if not match or not found.name.startswith(begins) or match[1] != _host():
                continue
            if not _is_alive(int(match[2])):
                with suppress(OSError):
                    _remove(found)


_ENDING = re.compile(r"([0-9a-f]{8})\.(\d{1,9})\.[0-9a-f]{8}")


def _beginning(path: Path) -> str:
    return f".{path.name[:40]}."


def _host() -> str:
    # On a disk that machines share, nobody knows which processes of another one are alive.
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
