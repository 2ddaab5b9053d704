"""Without the packages of its extra, an observer says what to install, before a run begins."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from seedbed import BrokenPluginError, GeneratorTask, UsageError, run
from seedbed.testing import ScriptedLLM


class Word(GeneratorTask):
    template: str = "Say a word."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("opentelemetry", "seedbed_telemetry"):
            monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(
    "missing", ["opentelemetry", "opentelemetry.sdk.trace", "opentelemetry.exporter.otlp"]
)
def test_the_error_names_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python takes for a module that isn't there.
    monkeypatch.setitem(sys.modules, missing, None)
    llm = ScriptedLLM("yes")

    with pytest.raises(BrokenPluginError, match=r"pip install 'seedbed-telemetry\[opentelemetry\]'"):
        run(Word(llm=llm), 1, observers=["opentelemetry"])
    assert llm.requests == []


def test_the_package_imports_nothing_of_it_until_it_is_used() -> None:
    import seedbed_telemetry

    assert "OpenTelemetryObserver" in dir(seedbed_telemetry)
    assert "opentelemetry" not in sys.modules


def test_settings_that_cannot_work_are_not_called_a_broken_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    llm = ScriptedLLM("yes")

    with pytest.raises(UsageError, match="can't be used: OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"):
        run(Word(llm=llm), 1, observers=["opentelemetry"])
    assert llm.requests == []
