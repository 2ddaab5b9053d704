"""A real browser for tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE = 180_000.0
"""Milliseconds to wait for a page: several processes of a browser draw it, on a machine that may be busy."""


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Yield Debian's Chromium, without requests of its own to its makers; fails the test if it's missing."""
    if (path := shutil.which("chromium")) is None:
        pytest.fail("these tests need a browser: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=path, args=_OPTIONS)
    try:
        yield browser
    finally:
        browser.close()
