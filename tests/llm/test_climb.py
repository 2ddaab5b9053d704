"""The width at which throughput rises no more is found, and looked for again now and then."""

from __future__ import annotations

import pytest

from seedbed.llm.limits.climb import Climb


def rested(climb, throughput=100.0):
    """Have the same measured until another width is tried, and return that."""
    width = climb.width
    for _ in range(8):
        assert climb.width == width
        climb.step(throughput)
    return climb.width


def test_the_width_is_doubled_as_long_as_a_doubling_pays():
    climb = Climb(16, 1024)
    assert [climb.step(throughput) for throughput in (100.0, 200.0, 260.0)] == [32, 64, 128]
    # A quarter more would have been worth it.
    assert climb.step(320.0) == 64


def test_what_a_wider_window_hardly_gains_is_not_worth_it():
    climb = Climb(16, 1024)
    assert climb.step(100.0) == 32
    assert climb.step(124.0) == 16


def test_a_quarter_less_and_a_quarter_more_are_tried_in_turn():
    climb = Climb(16, 1024)
    climb.step(100.0)
    climb.step(100.0)
    assert rested(climb) == 13
    assert climb.step(90.0) == 16
    assert rested(climb) == 20
    assert climb.step(104.0) == 16
    assert rested(climb) == 13
    # Hardly less for fewer calls is better.
    assert climb.step(97.0) == 13


@pytest.mark.parametrize(("width", "most"), [(16, 20), (1, 1)])
def test_no_width_is_above_the_most_or_below_one(width, most):
    climb = Climb(width, most)
    widths = [climb.step(float(throughput)) for throughput in range(100, 2000, 100)]
    assert (min(widths), max(widths)) == (width, most)
