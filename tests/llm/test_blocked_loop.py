"""What is said of code that held up the loop: the worst first, and nothing that is too short to matter."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed.llm.calling.blocked_loop import ThreadClock, blocking_notes


def test_places_are_named_with_the_worst_first() -> None:
    first, second = blocking_notes({"one": 2.0, "two": 9.5, "three": 0.4}, of_seconds=30.0)

    assert first.startswith("all calls stood still for about 9.5 s, held up by two\n")
    assert "by one" in second


def test_of_a_long_run_what_is_a_small_share_is_left_out() -> None:
    assert [*blocking_notes({"one": 2.0}, of_seconds=3600.0)] == []


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a thread does")


@pytest.fixture
def sleeping() -> Iterator[threading.Thread]:
    """A thread that waits."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    yield thread
    ended.set()
    thread.join()


@linux
def test_what_a_thread_waits_for_a_processor_is_not_what_it_spends() -> None:
    clock = ThreadClock(threading.get_native_id())
    clock.spent(1.0)

    # This thread works, and it can't have worked for as long as that.
    assert clock.spent(1000.0) < 900


@linux
def test_a_thread_that_sleeps_spends_all_the_time(sleeping: threading.Thread) -> None:
    state = Path(f"/proc/self/task/{sleeping.native_id}/stat")
    # It may not have got there.
    while ") S " not in state.read_text():
        pass

    assert ThreadClock(sleeping.native_id).spent(1000.0) == 1000.0


def test_where_nobody_knows_it_all_the_time_counts() -> None:
    assert ThreadClock(None).spent(1000.0) == 1000.0
