"""A collector on loopback, for this package's tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from tests.support.collector import Collector


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests counts."""
    for variable in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(variable)
    # Its observer is made when the module is imported, from the environment of that moment.
    monkeypatch.delitem(sys.modules, "seedbed_telemetry.opentelemetry", raising=False)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the environment names."""
    with Collector() as served:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", served.url)
        yield served
