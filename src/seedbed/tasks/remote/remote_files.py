"""Files at addresses such as `s3://bucket/rows.jsonl`: copied to this machine, and read like any other.

fsspec reads them; credentials are found by the means of the file system's own library, never by Seedbed. A
copy is whole, so that its digest shows changes and a resumed run can seek in it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from seedbed.errors import UsageError
from seedbed.tasks.remote.remote_systems import file_system, unreadable

_WILDCARDS = re.compile(r"[*?\[]")
_WEB = ("http://", "https://")


@lru_cache(maxsize=256)
def local_copies(address: str) -> list[Path]:
    """Return copies of the files at an address, or of those that match it as a pattern, sorted by name.

    Each process copies a file once, so all its steps read the same. Raises UsageError if there are none, or
    if they can't be read.
    """
    system, path = file_system(address)
    try:
        names = _names(system, path)
        folder = copies_folder(address)
        # Below the part without wildcards: two files of one name stay apart.
        base = _fixed(path) if names != [path] else str(PurePosixPath(path).parent)
        return [
            _copied(system, name, folder / _plain(str(PurePosixPath(name).relative_to(base))))
            for name in names
        ]
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        raise unreadable(address, error) from None


def _names(system: Any, path: str) -> list[str]:
    if path.startswith(_WEB) and "*" not in path:
        # A page has no folder; asking whether it's one would download it.
        return [path]
    if _WILDCARDS.search(path):
        return sorted(name for name in system.glob(path) if system.isfile(name))
    if system.isdir(path):
        return sorted(system.find(path))
    return [path] if system.exists(path) else []


def _fixed(path: str) -> str:
    """Return the folder that all files of a pattern are in; the path itself, if it's none."""
    parts = PurePosixPath(path).parts
    first = next((at for at, part in enumerate(parts) if _WILDCARDS.search(part)), len(parts))
    return str(PurePosixPath(*parts[:first]))


def _plain(name: str) -> str:
    """Return the name of a file without what follows it in the address of a web page."""
    return name.partition("?")[0]


def copies_folder(address: str) -> Path:
    """Return a private folder for the copies, the same in every process: paths are part of fingerprints."""
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    root = Path(tempfile.gettempdir(), f"seedbed-remote-{owner}")
    root.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (root.is_symlink() or root.stat().st_uid != os.getuid()):
        raise UsageError(f"'{root}' belongs to someone else", "set TMPDIR to a folder of your own")
    folder = root / hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
    folder.mkdir(exist_ok=True)
    return folder


def _copied(system: Any, name: str, copy: Path) -> Path:
    copy.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=copy.parent)
    os.close(handle)
    try:
        system.get_file(name, part)
        # At once: another process may be reading the earlier copy.
        Path(part).replace(copy)
    finally:
        Path(part).unlink(missing_ok=True)
    return copy
