"""Contracts run as authors run them, by a pytest of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest


class Verdict(NamedTuple):
    """What a contract says of a plugin: tests by outcome, and the report of each that failed."""

    passed: list[str]
    skipped: list[str]
    failed: dict[str, str]


@pytest.fixture
def judge(pytester: pytest.Pytester) -> Callable[[str, str], Verdict]:
    """Runs one class of a module of this folder, and returns what came of its tests."""

    def judge(module: str, cls: str) -> Verdict:
        file = pytester.makepyfile(f"from tests.testing.{module} import {cls}")
        # Hypothesis would be imported anew for each report.
        passed, skipped, failed = pytester.inline_run(file, "-p", "no:hypothesispytest").listoutcomes()
        return Verdict(
            [name_of(report) for report in passed],
            [name_of(report) for report in skipped],
            {name_of(report): report.longreprtext for report in failed},
        )

    return judge


def name_of(report: pytest.CollectReport | pytest.TestReport) -> str:
    return report.nodeid.rpartition("::")[2]
