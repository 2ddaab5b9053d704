"""Where copies of remote files are: a folder for each state of an address, which never changes.

Another run may find newer files at the same address. If its copies replaced the older ones, a run that still
reads those would go on with rows of the newer files.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from seedbed.errors import UsageError

if sys.platform != "win32":
    import fcntl

_LOCK = ".lock"
_NAME = "seedbed-remote-"


class Copies(NamedTuple):
    """The copies of what is at an address, and their folder; `lock` is a file that stays open meanwhile."""

    folder: Path
    paths: list[Path]
    lock: int | None = None


def told_path(path: Path) -> Path:
    """Return a path as fingerprints tell it: a copy's is the same wherever temporary files are."""
    root = _root()
    return path.relative_to(root) if path.is_relative_to(root) else path


def _root() -> Path:
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir(), f"{_NAME}{owner}")


def with_addresses(text: str) -> str:
    """Return a message in which copies are called by their addresses: nobody knows where the copies are."""
    if _NAME not in text:
        return text
    place = re.escape(f"{_root()}{os.sep}")
    return re.sub(rf"{place}([0-9a-f]{{16}}-[0-9a-f]{{16}})(?=[\\/])", _address, text)


def _address(found: re.Match[str]) -> str:
    try:
        return Path(f"{found[0]}{_LOCK}").read_text(encoding="utf-8")
    except OSError:
        return found[0]


def copies_root() -> Path:
    """Return the folder of all copies, which is private; raise UsageError if someone else has made it."""
    root = _root()
    root.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (root.is_symlink() or root.stat().st_uid != os.getuid()):
        raise UsageError(f"'{root}' belongs to someone else", "set TMPDIR to a folder of your own")
    return root


@contextmanager
def new_folder(address: str) -> Iterator[Path]:
    """Make a folder to copy into, and remove it afterwards."""
    root = copies_root()
    with _locked(root):
        folder = Path(tempfile.mkdtemp(prefix=f"{_prefix(address)}new-", dir=root))
        lock = _held(folder)
    try:
        yield folder
    finally:
        _release(lock)
        _remove(folder)


def keep(address: str, folder: Path, names: Sequence[str], base: str) -> Copies:
    """Move the files of a folder to where copies with their content are, and return them in this order.

    `base` is the part of the address that stands for the folder. Copies of earlier states are removed, unless
    a process still uses them.
    """
    root = copies_root()
    contents = [(name, _digest(folder / name)) for name in names]
    kept = root / (_prefix(address) + hashlib.blake2b(repr(contents).encode(), digest_size=8).hexdigest())
    with _locked(root):
        kept.mkdir(exist_ok=True)
        lock = _held(kept)
        Path(f"{kept}{_LOCK}").write_text(base, encoding="utf-8")
        for name in names:
            # Also if they are there: the system may have removed some that were old.
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).replace(kept / name)
        for other in root.glob(f"{_prefix(address)}*/"):
            if other not in (kept, folder) and _is_unused(other):
                _remove(other)
    return Copies(kept, [kept / name for name in names], lock)


def _prefix(address: str) -> str:
    return hashlib.blake2b(address.encode(), digest_size=8).hexdigest() + "-"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}{_LOCK}").unlink(missing_ok=True)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold what processes hold while they make, use or remove a folder of copies."""
    lock = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _held(folder: Path) -> int | None:
    """Say that this process uses a folder, until it ends."""
    if sys.platform == "win32":
        return None
    lock = os.open(f"{folder}{_LOCK}", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _is_unused(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    lock = os.open(f"{folder}{_LOCK}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)
