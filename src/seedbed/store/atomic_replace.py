"""Replacing a file or folder with a new one: completely or not at all."""

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
    """Yield a hidden path next to `target`; what the block writes there replaces `target` at the end.

        with replacing(Path("rows.jsonl")) as made:
            made.write_bytes(rows)

    The new file is durable before it gets the name. If the block raises, `target` is unchanged and nothing
    is left next to it. A symbolic link stays a link, and the file that it points to is replaced. A file
    keeps its mode. Raises `OSError` as the file system does.
    """
    # In the same folder, as a rename is atomic only within one file system.
    # Not `Path.resolve`, which raises an error of its own for a link that leads to itself.
    place = Path(os.path.realpath(target)) if target.is_symlink() else target
    if place.exists():
        # If it doesn't exist, a process may have been killed between the two renames of `_replace`: the
        # hidden folders are then all that's left of the dataset.
        sweep(place)
    made = hidden_beside(place)
    mode = stat.S_IMODE(place.stat().st_mode) if place.is_file() else None
    try:
        # Private until it's complete: a file that only its owner may read mustn't be open to all meanwhile.
        if mode is not None:
            made.touch(0o600)
        yield made
        if mode is not None:
            made.chmod(mode)
        # Before the rename: some file systems write the new name first, and a power cut would leave an empty
        # file under it.
        _sync(made)
        _replace(made, place)
        # The dataset is in place by now, and some file systems can't sync a folder.
        with suppress(OSError):
            _sync_one(place.parent)
        sweep(place)
    finally:
        _remove(made)


def hidden_beside(path: Path) -> Path:
    """Return a new hidden name in the folder of `path`, with the machine and process that it belongs to."""
    return path.with_name(f"{_beginning(path)}{_host()}.{os.getpid()}.{os.urandom(4).hex()}")


def sweep(path: Path) -> None:
    """Remove what killed processes of this machine have left next to `path`."""
    sweep_folder(path.parent, _beginning(path))


def sweep_folder(folder: Path, beginning: str | None = None) -> None:
    """Remove what killed processes of this machine have left in a folder, or of it what begins so."""
    with suppress(OSError):
        for found in [*folder.iterdir()]:
            match = _HALF_MADE.fullmatch(found.name)
            if match is None or match[2] != _host() or beginning not in (None, match[1]):
                continue
            if not _is_alive(int(match[3])):
                with suppress(OSError):
                    _remove(found)


def is_half_made(name: str) -> bool:
    """Whether a file or folder has a name that `replacing` gives it before it's complete."""
    return _HALF_MADE.fullmatch(name) is not None


_HALF_MADE = re.compile(r"(\..*\.)([0-9a-f]{8})\.(\d{1,9})\.[0-9a-f]{8}", re.DOTALL)


def _beginning(path: Path) -> str:
    return f".{path.name[:40]}."


def _host() -> str:
    # On a shared disk it isn't known which processes of another machine are alive: those files stay.
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()


def _is_alive(pid: int) -> bool:
    # On Windows `os.kill(pid, 0)` sends Ctrl-C: what was left behind there stays.
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
    """Rename; a folder in the way is moved aside first, as a rename can't replace one that has files."""
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
