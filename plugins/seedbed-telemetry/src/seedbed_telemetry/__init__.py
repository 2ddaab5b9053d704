"""Observers that send what Seedbed's runs do to other tools; nothing is imported before it's used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed_telemetry.mlflow_observer import MlflowObserver as MlflowObserver
    from seedbed_telemetry.opentelemetry_observer import OpenTelemetryObserver as OpenTelemetryObserver

_HOMES = {"MlflowObserver": "mlflow_observer", "OpenTelemetryObserver": "opentelemetry_observer"}

__all__ = ["MlflowObserver", "OpenTelemetryObserver"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
