"""Whether there are rows already where a dataset is to be written: one without rows doesn't replace them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import SeedbedError
from seedbed.store.parquet_folder import is_parquet_folder
from seedbed.store.read_options import Reading
from seedbed.store.readers import read_placed

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry


def has_rows(path: Path, registry: Registry | None = None) -> bool:
    """Whether a file or folder holds a dataset with rows, or something else that isn't empty."""
    if not path.exists():
        return False
    try:
        if is_parquet_folder(path):
            return any(_has_rows(file, registry) for file in path.glob("*.parquet"))
        return _has_rows(path, registry)
    except (SeedbedError, OSError):
        # It can't be read, and may be all that somebody has.
        return not path.is_file() or path.stat().st_size > 0


def _has_rows(path: Path, registry: Registry | None) -> bool:
    reading = Reading(registry=registry, note=lambda text: None)
    return next(read_placed(path, reading), None) is not None
