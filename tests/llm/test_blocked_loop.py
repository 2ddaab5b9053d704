"""What is said of code that held up the loop: the worst first, and nothing that is too short to matter."""

from __future__ import annotations

from seedbed.llm.calling.blocked_loop import blocking_notes


def test_places_are_named_with_the_worst_first() -> None:
    first, second = blocking_notes({"one": 2.0, "two": 9.5, "three": 0.4}, of_seconds=30.0)

    assert first.startswith("all calls stood still for about 9.5 s, held up by two\n")
    assert "by one" in second


def test_of_a_long_run_what_is_a_small_share_is_left_out() -> None:
    assert [*blocking_notes({"one": 2.0}, of_seconds=3600.0)] == []
