"""Fixtures of all test suites: the core's and those of the first-party plugins."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest
from tests.support.fault_server import fault_server
from tests.support.llama_server import llama_embedding_server, llama_server

pytest_plugins = ("pytester",)

__all__ = ["fault_server", "llama_embedding_server", "llama_server", "runs"]


SLOW_SECONDS = 1800
MEMORY = 2 * 2**30
"""Bytes for the folders of tests, which take some fifty megabytes at a time."""

# A test that gives its own number of examples keeps it. `.ci/run` runs all of these tests once more with
# `thorough`: here they'd take a sixth of the time of all tests. Both try the same examples each time, so no
# change is held up by a fault that it has nothing to do with; `exploring` tries other ones each time.
# Neither an example nor making it has a time limit, which a busy machine would exceed.
for name, examples in (("quick", 10), ("thorough", 50), ("exploring", 1000)):
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=name != "exploring",
        print_blob=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("quick")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a job that a shell starts in the background: Ctrl-C would not reach what tests start, either.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if sys.dont_write_bytecode:
    # The hundreds of processes that tests start would each compile all that they import, which is a third of
    # what they do. The sources' own folders stay as they are. Workers start with this environment.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent / ".pytest_cache" / "bytecode")
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": sys.pycache_prefix}


def pytest_configure(config: pytest.Config) -> None:
    """Have the folders of tests in memory, if there's enough: each run waits for its disk ten times or more.

    Not those of slow tests, which install whole environments. Workers start with this environment.
    """
    memory = Path("/dev/shm")
    if config.option.markexpr != "not slow" or not memory.is_dir():
        return
    if shutil.disk_usage(memory).free >= MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: each waits for processes, servers and timers now and then."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave variants to `.ci/run`; give slow tests longer than the others before they are said to hang."""
    # First, as pytest deselects what is slow in the same hook.
    for item in variants(items):
        item.add_marker(pytest.mark.slow)
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from looking at what is collected: a million objects, which all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def variants(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the tests that the marker `variants` leaves to `.ci/run`.

    With `@pytest.mark.variants(3)`, the first three parameters of a test are tried by default. A module's
    `pytestmark = pytest.mark.variants(3, "test_it_goes_on")` counts the classes that have the test named.
    """
    met: Counter[tuple[Path, str]] = Counter()
    for item in items:
        name = getattr(item, "originalname", item.name)
        for few, *names in (marker.args for marker in item.iter_markers("variants")):
            if name in names or not names:
                met[item.path, name] += 1
                if met[item.path, name] > few:
                    yield item


@pytest.fixture(scope="session")
def folders_of_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders, one for each test."""
    # Not `mktemp` for each: it looks at all folders that there are, 4 ms after thousands of tests.
    folder = tmp_path_factory.mktemp("runs")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def runs(folders_of_runs: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a test's runs are kept in, its own."""
    folder = next(folders_of_runs)
    folder.mkdir()
    monkeypatch.setenv("SEEDBED_RUNS", str(folder))
    return folder


@pytest.fixture
def lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first text of a request waits long enough for others, also on a machine that's busy."""
    monkeypatch.setattr("seedbed.llm.calling.batching._LINGER_SECONDS", 0.3)
