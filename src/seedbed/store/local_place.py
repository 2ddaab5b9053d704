"""A folder of this machine as the place of a run's copy, so that a copy on another disk needs no extra."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from seedbed.store.atomic_replace import replacing

_HALF_MADE = re.compile(r"\.seedbed-run\.json\.[0-9a-f]{8}\.\d+\.[0-9a-f]{8}")
"""The name that `replacing` gives to an index while it's written."""


class LocalPlace:
    """The part of fsspec's interface of file systems that copies use, for paths on this machine.

        LocalPlace().put_file("runs/qa/run.db", "/mnt/disk/qa/run.db")

    Raises OSError as the file system does.
    """

    @property
    def transaction(self) -> AbstractContextManager[None]:
        """Nothing to begin: each file that is written appears whole."""
        return nullcontext()

    def cat_file(self, path: str) -> bytes:
        """Return what a file holds."""
        return Path(path).read_bytes()

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder, with those above it."""
        Path(path).mkdir(parents=True, exist_ok=exist_ok)

    def put_file(self, source: str, path: str) -> None:
        """Copy a file to the place; it's on disk when this returns."""
        # Under its own name at once: nothing reads it before the index names it.
        shutil.copyfile(source, path)
        with Path(path).open("rb") as copied:
            os.fsync(copied.fileno())

    def get_file(self, path: str, target: str) -> None:
        """Copy a file from the place."""
        shutil.copyfile(path, target)

    @contextmanager
    def open(self, path: str, mode: str) -> Iterator[io.BytesIO]:
        """Yield a buffer; a file has what was written to it once the block ends. The mode is "wb"."""
        buffer = io.BytesIO()
        yield buffer
        with replacing(Path(path)) as made:
            made.write_bytes(buffer.getvalue())

    def rm_file(self, path: str) -> None:
        """Remove a file."""
        Path(path).unlink()

    def invalidate_cache(self) -> None:
        """Nothing to forget: listings aren't kept."""

    def ls(self, path: str, detail: bool = False) -> list[str]:
        """Return the paths of what a folder holds, without what a killed `open` left there."""
        return [str(found) for found in Path(path).iterdir() if not _HALF_MADE.match(found.name)]
