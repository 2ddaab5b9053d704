"""A collector on loopback, for this package's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.support.collector import Collector

import seedbed_telemetry.opentelemetry as by_name


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of whoever runs the tests counts."""
    for variable in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(variable)
    # Made when the module is imported, from the environment of that moment.
    by_name._observer.cache_clear()
    yield
    by_name._observer.cache_clear()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the environment names."""
    with Collector() as served:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", served.url)
        yield served
