"""What takes long to make is made once for all workers of a session."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that whichever worker came first has filled; tests leave it as it is."""
    folder = factory.getbasetemp() / name
    if folder.parent.name.startswith("popen-gw"):
        # A worker's own is in the one of the session.
        folder = folder.parents[1] / name
    whole = folder.with_name(f"{name}.whole")
    with FileLock(folder.with_name(f"{name}.lock")):
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder
