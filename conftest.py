"""Fixtures of all test suites: the core's and those of the first-party plugins."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.fault_server import fault_server
from tests.support.llama_server import llama_server

pytest_plugins = ("pytester",)

__all__ = ["fault_server", "llama_server", "runs"]


@pytest.fixture(autouse=True)
def runs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a test's runs are kept in, its own."""
    folder = tmp_path_factory.mktemp("runs")
    monkeypatch.setenv("SEEDBED_RUNS", str(folder))
    return folder
