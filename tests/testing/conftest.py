"""Contracts run as authors run them, by a pytest of their own."""

from __future__ import annotations

import tempfile
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy
import pytest
import uvloop
from _pytest.unraisableexception import gc_collect_iterations_key
from tests.support.first_parameters import FirstParameters

from seedbed.testing import PackageContract, StepContract, TaskContract
from seedbed.testing.packages.fake_site import forget_modules

# The pytest of `pytester` forgets what it imports first, and what is imported again is not the same.
IMPORTED_BEFORE = (PackageContract, StepContract, TaskContract, numpy, uvloop)
# Without them each run would have a path of its own, for which other processes import modules again.
OPTIONS = (
    "--import-mode=importlib",
    *chain.from_iterable(
        ("-p", plugin)
        for plugin in (
            "seedbed.testing.plugin",
            "no:cacheprovider",
            "no:stepwise",
        )
    ),
)
WITHOUT_OTHERS = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
"""Each run would look for the plugins of all hundred packages."""
MEMORY = Path("/dev/shm")


class Verdict(NamedTuple):
    """What a contract says of a plugin: tests by outcome, and the report of each that failed."""

    passed: list[str]
    skipped: list[str]
    failed: dict[str, str]

    @property
    def names(self) -> set[str]:
        """The tests that failed, without their parameters."""
        return {name.partition("[")[0] for name in self.failed}


class Court:
    """Takes down what comes of each class's tests."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = defaultdict(lambda: Verdict([], [], {}))

    def pytest_configure(self, config: pytest.Config) -> None:
        """Collect no garbage at the end, as `pytester` does: five times take longer than most tests."""
        config.stash[gc_collect_iterations_key] = 0

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take down what can't be collected."""
        if not report.passed:
            self.take(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down what came of a test."""
        if not report.passed or report.when == "call":
            self.take(report)

    def take(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        verdict, name = self.verdicts[class_of(report.nodeid)], report.nodeid.rpartition("::")[2]
        if report.failed:
            verdict.failed[name] = report.longreprtext
        else:
            (verdict.passed if report.passed else verdict.skipped).append(name)


def class_of(nodeid: str) -> str:
    return (*nodeid.split("::"), "")[1]


@pytest.fixture
def judge_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Verdict]]]:
    """Runs the source of a test module, or one test of it, with options; returns the verdict on each class.

    `whole` has one test for each class: of the others, a third are run, with their first parameters alone.
    """

    def judge_each(
        source: str, test: str = "", *options: str, whole: Mapping[str, str] | None = None
    ) -> dict[str, Verdict]:
        home = Path(tempfile.mkdtemp(dir=tmp_path))
        file = home / "test_judged.py"
        file.write_text(textwrap.dedent(source))
        monkeypatch.chdir(home)
        court = Court()
        plugins = [court] if whole is None else [court, FirstParameters(whole)]
        pytest.main([f"{file}{test and f'::{test}'}", f"--rootdir={home}", *OPTIONS, *options], plugins)
        forget_modules(tmp_path)
        return court.verdicts

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(WITHOUT_OTHERS, "1")
    # Each run of theirs waits for its disk ten times or more.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        monkeypatch.setenv("PYTEST_DEBUG_TEMPROOT", folder)
        yield judge_each


@pytest.fixture
def judge(judge_each: Callable[..., dict[str, Verdict]]) -> Callable[..., Verdict]:
    """Runs the source of a test module of one class, or one test of it; returns the verdict on it."""

    def judge(source: str, test: str = "", *options: str) -> Verdict:
        ((_, verdict),) = judge_each(source, test, *options).items()
        return verdict

    return judge
