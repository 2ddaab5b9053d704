"""The pytest plugin: fixtures, and a section of the report for departures from contracts.

If Seedbed is installed, every pytest run loads this module, so it only imports pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest

from seedbed import testing

if TYPE_CHECKING:
    from seedbed.testing.packages.fake_site import BlockedRegistry
    from seedbed.testing.servers.scripted_server import ScriptedServer

_PROPERTY = "departs from its contract"

pytest.register_assert_rewrite(
    *(
        name
        for name in (f"seedbed.testing.{module.name}" for module in iter_modules(testing.__path__))
        if name not in sys.modules
    )
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[BlockedRegistry]:
    """A registry without installed plugins: it has only what a test adds (`add`) or fakes (`fake`)."""
    from seedbed.testing.packages.fake_site import BlockedRegistry, FakeSite

    with FakeSite(tmp_path / "site-packages") as site:
        yield BlockedRegistry(site)


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    """A server on loopback; the test sets its replies."""
    from seedbed.testing.servers.scripted_server import ScriptedServer

    with ScriptedServer() as server:
        yield server


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of those tests of contracts that take seconds."""
    config.addinivalue_line("markers", "slow: takes seconds; -m 'not slow' leaves it out")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the reason of a departure with the report of its test."""
    reason = getattr(getattr(item, "function", None), "__departs__", None)
    if reason is not None:
        item.user_properties.append((_PROPERTY, reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show every departure with its reason."""
    departures = dict(_departures(terminalreporter))
    if departures:
        terminalreporter.section("departures from contracts")
        for test, reason in departures.items():
            terminalreporter.line(f"{test}: {reason}")


def _departures(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    for reports in reporter.stats.values():
        for report in reports:
            for name, reason in getattr(report, "user_properties", ()):
                if name == _PROPERTY:
                    yield report.nodeid, str(reason)
