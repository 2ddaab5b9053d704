"""An engine with workers keeps the contract of engines."""

from __future__ import annotations

from tests.support.crews import Here

from seedbed.testing import EngineContract


class TestWorkerEngine(EngineContract):
    engine = Here
