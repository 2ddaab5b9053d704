"""Contracts run as authors run them, by a pytest of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy
import pytest
import uvloop

from seedbed.testing import PackageContract, StepContract, TaskContract

# A pytest inside of this one forgets what it imports first, and what is imported again is not the same.
IMPORTED_BEFORE = (PackageContract, StepContract, TaskContract, numpy, uvloop)
# It would import these plugins of its own for each report.
WITHOUT = ("-p", "no:hypothesispytest", "-p", "no:anyio")
MEMORY = Path("/dev/shm")


class Verdict(NamedTuple):
    """What a contract says of a plugin: tests by outcome, and the report of each that failed."""

    passed: list[str]
    skipped: list[str]
    failed: dict[str, str]


class FirstParameters:
    """Leaves out all but the first parameters of each test, except for one test, which keeps its own."""

    def __init__(self, whole: str) -> None:
        self.whole = whole

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave them out of those that the options have chosen."""
        first = {getattr(item, "originalname", item.name): item for item in reversed(items)}
        items[:] = [item for item in items if item in first.values() or item.originalname == self.whole]


@pytest.fixture
def judge(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Verdict]]:
    """Runs the source of a test module, or one test of it, with options; returns what came of its tests.

    With the name of a test as `whole`, the others are run with their first parameters alone.
    """

    def judge(source: str, test: str = "", *options: str, whole: str = "") -> Verdict:
        chosen = f"{pytester.makepyfile(source)}{test and f'::{test}'}"
        plugins = [FirstParameters(whole)] if whole else []
        run = pytester.inline_run(chosen, *WITHOUT, *options, plugins=plugins)
        passed, skipped, failed = run.listoutcomes()
        return Verdict(
            [name_of(report) for report in passed],
            [name_of(report) for report in skipped],
            {name_of(report): report.longreprtext for report in failed},
        )

    # Each run of theirs waits for its disk ten times or more.
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        monkeypatch.setenv("PYTEST_DEBUG_TEMPROOT", folder)
        yield judge


def name_of(report: pytest.CollectReport | pytest.TestReport) -> str:
    return report.nodeid.rpartition("::")[2]
