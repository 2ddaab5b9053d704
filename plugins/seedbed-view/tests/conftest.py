"""The server that shows runs, for this package's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.viewing import Get, cookie_of, request

from seedbed_view import Viewer


@pytest.fixture
def viewer(runs: Path) -> Iterator[Viewer]:
    """The server of the pages, on loopback."""
    runs.mkdir(exist_ok=True)
    with Viewer(runs) as viewer:
        yield viewer


@pytest.fixture
def get(viewer: Viewer) -> Get:
    """Get a page as the browser does that has opened the link."""
    cookie = cookie_of(viewer)
    return lambda path: request(viewer, path, {"Cookie": cookie})
