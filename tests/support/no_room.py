"""A disk without room, for what this process writes inside a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_file_larger_than(most: int) -> Iterator[None]:
    """Let the system refuse to write more than so many bytes to a file, as if the disk were full then."""
    resource = pytest.importorskip("resource", reason="files have no limit on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
