"""The kit's scripted server, as the project's own tests use it: to fail on demand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seedbed.testing import Received, Reply
from seedbed.testing import ScriptedServer as FaultServer

__all__ = ["FaultServer", "Received", "Reply", "fault_server"]


@pytest.fixture
def fault_server() -> Iterator[FaultServer]:
    """A scripted server, new for each test."""
    with FaultServer() as server:
        yield server
