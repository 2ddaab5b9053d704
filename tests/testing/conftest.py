"""Contracts run as authors run them, by a pytest of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy
import pytest

from seedbed.testing import PackageContract, StepContract, TaskContract

# A pytest inside of this one forgets what it imports first, and what is imported again is not the same.
IMPORTED_BEFORE = (PackageContract, StepContract, TaskContract, numpy)


class Verdict(NamedTuple):
    """What a contract says of a plugin: tests by outcome, and the report of each that failed."""

    passed: list[str]
    skipped: list[str]
    failed: dict[str, str]


@pytest.fixture
def judge(pytester: pytest.Pytester) -> Callable[..., Verdict]:
    """Runs the source of a test module, or one test of it, with options; returns what came of its tests."""

    def judge(source: str, test: str = "", *options: str) -> Verdict:
        chosen = f"{pytester.makepyfile(source)}{test and f'::{test}'}"
        # Hypothesis would be imported anew for each report.
        passed, skipped, failed = pytester.inline_run(
            chosen, "-p", "no:hypothesispytest", *options
        ).listoutcomes()
        return Verdict(
            [name_of(report) for report in passed],
            [name_of(report) for report in skipped],
            {name_of(report): report.longreprtext for report in failed},
        )

    return judge


def name_of(report: pytest.CollectReport | pytest.TestReport) -> str:
    return report.nodeid.rpartition("::")[2]
