"""Files at addresses such as `s3://bucket/rows.jsonl`: copied to this machine, and read like any other.

fsspec reads them; credentials are found by the means of the file system's own library, never by Seedbed. A
copy is whole, so that its digest shows changes and a resumed run can seek in it. What is at an address stays
the same while it's copied: parts of two versions would be rows that nobody has written.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from seedbed.errors import UsageError
from seedbed.tasks.remote.kept_copies import Copies, copies_root, keep, new_folder
from seedbed.tasks.remote.remote_systems import file_system, unreadable
from seedbed.tasks.remote.web_options import WEB

_WILDCARDS = re.compile(r"[*?\[]")
_TRIES = 3
_Version: TypeAlias = tuple[Any, ...] | None
_VERSIONS = ("etag", "generation", "versionid", "blob_id", "md5", "lastmodified", "last_modified", "mtime")
"""What the file systems of fsspec say of a file, in lower case, that changes with what it holds."""


def local_copies(address: str) -> list[Path]:
    """Return copies of the files at an address, or of those that match it as a pattern, sorted by name.

    Each process copies a file once, so all its steps read the same. Raises UsageError if there are none, or
    if they can't be read.
    """
    return [*copies_of(address).paths]


# `typed`: what may be read for the user isn't there for a stranger's file with the same address.
@lru_cache(maxsize=256, typed=True)
def copies_of(address: str) -> Copies:
    """Return the copies of the files at an address, with the folder that they are in."""
    system, path = file_system(address)
    try:
        with new_folder(address) as folder:
            names = _copied(system, path, address, folder)
            if not names:
                return Copies(copies_root(), [])
            return keep(address, folder, names, _base(address, names))
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        raise unreadable(address, error) from None


def _copied(system: Any, path: str, address: str, folder: Path) -> list[str]:
    """Copy all files at a path into a folder, and return their names in it."""
    copied: dict[str, _Version] = {}
    found = _files(system, path)
    for _ in range(_TRIES):
        names = _names_here(found, path, address)
        for name, version in found.items():
            if copied.get(name) != version or version is None:
                copy = folder / names[name]
                copy.parent.mkdir(parents=True, exist_ok=True)
                system.get_file(name, str(copy))
        copied, found = found, _files(system, path)
        if copied == found:
            _check_sizes(found, {name: folder / here for name, here in names.items()})
            return [*names.values()]
    raise UsageError(f"'{address}' changes while it's read", "wait until all of it is there, and run again")


def _files(system: Any, path: str) -> dict[str, _Version]:
    """Return the files at a path, sorted by name, each with what tells its versions apart."""
    if path.startswith(WEB) and "*" not in path:
        # A page has no folder; asking whether it's one would download it. It's read in one go.
        return {path: None}
    system.invalidate_cache()
    if _WILDCARDS.search(path):
        entries = system.glob(path, detail=True)
    elif system.isdir(path):
        entries = system.find(path, detail=True)
    else:
        entries = {path: system.info(path)} if system.exists(path) else {}
    return {
        name: _version(entries[name]) for name in sorted(entries) if entries[name].get("type") != "directory"
    }


def _version(entry: Mapping[str, Any]) -> _Version:
    told = {name.lower(): value for name, value in entry.items()}
    return told.get("size"), *(str(told[name]) for name in _VERSIONS if told.get(name))


def _names_here(found: Mapping[str, _Version], path: str, address: str) -> dict[str, str]:
    """Return the name of each file's copy; raise UsageError for one that has none of its own, or elsewhere.

    A bucket takes any name: `a/../../b` would be outside of the folder, and `a//b` is the file `a/b` here.
    """
    # Below the part without wildcards: two files of one name stay apart.
    base = _fixed(path) if [*found] != [path] else str(PurePosixPath(path).parent)
    names = {name: _plain(str(PurePosixPath(name).relative_to(base))) for name in found}
    taken: dict[str, str] = {}
    for name, here in names.items():
        # macOS takes names that differ in capitals only for one.
        other = taken.setdefault(here.lower() if sys.platform == "darwin" else os.path.normcase(here), name)
        if other != name or ".." in Path(here).parts or Path(here).is_absolute():
            what = f"and '{other}' have one name" if other != name else "has a name that can't be a file's"
            raise UsageError(
                f"'{name}' {what} on this machine", f"name the files of '{address}' by a narrower pattern"
            )
    return names


def _check_sizes(found: Mapping[str, _Version], copies: Mapping[str, Path]) -> None:
    """Raise UsageError if a copy isn't as long as its file: it was cut off, or a part of it came twice."""
    for name, version in found.items():
        size = version[0] if version else None
        if isinstance(size, int) and not name.startswith(WEB) and copies[name].stat().st_size != size:
            raise UsageError(
                f"the copy of '{name}' has {copies[name].stat().st_size} bytes, and the file has {size}",
                "run again: the connection may have been cut off",
            )


def _base(address: str, names: Sequence[str]) -> str:
    """Return the address of the folder that copies are named from."""
    if _WILDCARDS.search(address) and not address.startswith(WEB):
        parts = address.split("/")
        return "/".join(parts[: next(at for at, part in enumerate(parts) if _WILDCARDS.search(part))])
    plain = _plain(address).rstrip("/")
    is_file = [*names] == [plain.rpartition("/")[2]]
    return plain.rpartition("/")[0] if is_file else plain


def _fixed(path: str) -> str:
    """Return the folder that all files of a pattern are in; the path itself, if it's none."""
    parts = PurePosixPath(path).parts
    first = next((at for at, part in enumerate(parts) if _WILDCARDS.search(part)), len(parts))
    return str(PurePosixPath(*parts[:first]))


def _plain(name: str) -> str:
    """Return the name of a file without what follows it in the address of a web page."""
    return name.partition("?")[0]
