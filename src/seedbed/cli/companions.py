"""Commands whose work is done by a distribution of its own, which may not be installed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from seedbed.errors import UsageError
from seedbed.plugins.first_party import pip_install


def companion(command: str, distribution: str) -> ModuleType:
    """Return the module of the distribution that does the work of a command; raise UsageError without it.

    companion("report", "seedbed-report").report_of(reader, "qa")
    """
    module = distribution.replace("-", "_")
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise UsageError(
            f"`seedbed {command}` needs the package {distribution}, which isn't installed",
            pip_install(distribution),
        ) from error
