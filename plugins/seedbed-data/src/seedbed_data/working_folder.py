"""The folder that a program in the sandbox may write to: counted while it runs, and removed after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def working_folder() -> Iterator[Path]:
    """Make a folder, and remove it with whatever a program has put there, to any depth."""
    folder = Path(tempfile.mkdtemp(prefix="seedbed-code-")).resolve()
    try:
        yield folder
    finally:
        _empty(folder)
        folder.rmdir()


def overfull(folder: Path, disk_mb: int) -> str:
    """Return what's wrong if a folder has outgrown its bound, or hides what's in it; empty if nothing is.

    A file counts 4 kB at least, as on the disk.
    """
    room, folders = disk_mb << 20, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    room -= max(entry.stat(follow_symlinks=False).st_size, 4096)
                    if room < 0:
                        return f"wrote more than {disk_mb} MB of files"
        except (FileNotFoundError, NotADirectoryError):
            # Files come and go while the program runs.
            continue
        except OSError:
            # Nested deeper than a path may be long, or not to be read: nobody can count what's in there.
            return "made a folder whose files can't be counted"
    return ""


def _empty(folder: Path) -> None:
    # Not shutil.rmtree, which calls itself for each level: a program nests a thousand in a second. What's in
    # a folder is moved up instead, so no path gets long.
    fresh = (folder / f"removed-{number}" for number in count())
    while inner := _without_files(folder):
        for path in inner:
            for deeper in _without_files(path):
                deeper.rename(next(name for name in fresh if not name.exists()))
            path.rmdir()


def _without_files(folder: Path) -> list[Path]:
    """Remove the files of a folder, and return the folders in it."""
    # A folder may be made without any permission.
    folder.chmod(0o700)
    with os.scandir(folder) as entries:
        found = [(Path(entry), entry.is_dir(follow_symlinks=False)) for entry in entries]
    for path, is_folder in found:
        if not is_folder:
            path.unlink()
    return [path for path, is_folder in found if is_folder]
