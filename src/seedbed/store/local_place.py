"""A folder of this machine as the place of a run's copy, so that a copy on another disk needs no extra."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from seedbed.store.atomic_replace import is_half_made, replacing, sweep_folder


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
        """Make a folder, with those above it; what killed processes have left there half made is removed."""
        Path(path).mkdir(parents=True, exist_ok=exist_ok)
        sweep_folder(Path(path))

    def put_file(self, source: str, path: str) -> None:
        """Copy a file to the place; it's on disk when this returns."""
        # It may be there: a run that hasn't changed is copied again under the names of the copy before it,
        # which stays whole if the disk is full or the process is killed.
        with replacing(Path(path)) as made:
            shutil.copyfile(source, made)

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
        """Return the paths of what a folder holds, without what is half made."""
        return [str(found) for found in Path(path).iterdir() if not is_half_made(found.name)]
