"""What is counted over all rows: once, until the run has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.viewing import Get, write

from seedbed import Result, RunStore, Verdict, run_entry
from seedbed_view.remembered import Remembered


def add(store: RunStore, number: int) -> None:
    store.add_result(Result("made", str(number), b"", 0, "done", b'[{"text": "tea"}]'))
    store.add_verdict(Verdict("made", number, str(number), "accepted", "made", str(number), 0))
    store.flush()


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at zero."""
    return Clock()


@pytest.fixture
def counted(runs: Path, clock: Clock) -> Callable[[], int]:
    """Ask for a value that takes a second, and is the number of times that it was made."""
    remembered, times = Remembered(clock), 0

    def made() -> int:
        nonlocal times
        times += 1
        clock.now += 1
        return times

    return lambda: remembered.of(run_entry(runs / "one"), "times", made)


def test_a_run_that_has_ended_is_counted_once(
    runs: Path, counted: Callable[[], int], clock: Clock, get: Get
) -> None:
    write(runs / "one", [{"text": "tea"}])

    assert counted() == 1
    clock.now += 1000
    # Whoever reads the run in between makes a log next to it, and removes it.
    assert get("/runs/one").status == 200
    assert counted() == 1


def test_a_run_that_has_changed_is_counted_again(runs: Path, counted: Callable[[], int]) -> None:
    write(runs / "one", [{"text": "tea"}])
    assert counted() == 1

    with RunStore.open(runs / "one") as store:
        add(store, 1)
    assert counted() == 2


def test_a_run_that_goes_on_is_counted_again_after_ten_times_as_long(
    runs: Path, counted: Callable[[], int], clock: Clock
) -> None:
    with RunStore.open(runs / "one") as store:
        store.begin_session({"task": "made", "leaf": "made"})
        add(store, 0)
        assert counted() == 1
        add(store, 1)
        clock.now += 9.5
        assert counted() == 1
        clock.now += 1
        assert counted() == 2


def test_the_last_rows_are_counted_as_soon_as_the_run_ends(runs: Path, counted: Callable[[], int]) -> None:
    with RunStore.open(runs / "one") as store:
        store.begin_session({"task": "made", "leaf": "made"})
        add(store, 0)
        assert counted() == 1
        add(store, 1)
        store.end_session("complete", {})
    assert counted() == 2
